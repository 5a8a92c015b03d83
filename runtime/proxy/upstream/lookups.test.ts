import { expect, onTestFinished, test, vi } from "vitest";
import type { Cluster } from "../../../targets/native/config.ts";
import { Clusters } from "./clusters.ts";
import { mostLookups } from "./lookups.ts";

const external = (...names: readonly string[]): Readonly<Record<string, Cluster>> =>
  Object.fromEntries(names.map((name) => [name, { resolve: "dns", endpoints: [{ address: name, port: 80 }] }]));

/** Clusters whose names are answered when the test says so. */
const scene = () => {
  vi.useFakeTimers();
  const waiting: { readonly name: string; readonly answered: (...addresses: readonly string[]) => void }[] = [];
  const asked: string[] = [];
  let most = 0;
  const clusters = new Clusters(() => undefined, {
    addressesOf: (name) => {
      asked.push(name);
      return new Promise((resolve) => {
        const one = {
          name,
          answered: (...addresses: readonly string[]) => {
            waiting.splice(waiting.indexOf(one), 1);
            resolve(addresses);
          },
        };
        waiting.push(one);
        most = Math.max(most, waiting.length);
      });
    },
  });
  onTestFinished(() => {
    clusters.close();
    vi.useRealTimers();
  });
  return { clusters, waiting, asked, most: () => most, passed: (ms: number) => vi.advanceTimersByTimeAsync(ms) };
};

test("a resolver that is slow is asked for one name once at a time, and for few names at once", async () => {
  const { clusters, waiting, asked, most, passed } = scene();
  const names = Array.from({ length: 5 }, (_, index) => `${index}.example`);
  clusters.taken(external(...names));
  for (let round = 0; round < 3; round += 1) {
    await passed(60_000);
    expect(waiting.length).toBe(mostLookups);
    while (waiting.length > 0) {
      waiting[0]!.answered("192.0.2.1");
      await passed(0);
    }
    expect(asked).toEqual(Array.from({ length: round + 1 }, () => names).flat());
    expect(most()).toBe(mostLookups);
    await passed(4999);
    expect(waiting).toEqual([]);
  }
});

test("a round that takes long takes back nothing that was found since, and names that are brought do not wait for it", async () => {
  const { clusters, waiting, passed } = scene();
  const addressOf = (name: string): string | undefined => clusters.chosen(name)?.endpoint.address;
  const old = ["a.example", "b.example", "c.example", "d.example"];
  clusters.taken(external(...old));
  await passed(0);
  expect(waiting.map(({ name }) => name)).toEqual(["a.example", "b.example"]);
  waiting[0]!.answered("192.0.2.1");
  await passed(0);
  expect(addressOf("a.example")).toBe("192.0.2.1");
  // It goes, and is brought again, while the round goes on.
  clusters.taken(external("b.example"));
  const back = external("a.example", "b.example");
  // What is still known for a name that goes is known until the next round.
  const looking = clusters.looked({ ...back, ...external("new.example") }, 1000);
  waiting.find(({ name }) => name === "c.example")!.answered();
  await passed(0);
  expect(waiting.map(({ name }) => name)).toContain("new.example");
  waiting.find(({ name }) => name === "new.example")!.answered("192.0.2.9");
  await passed(0);
  waiting.find(({ name }) => name === "b.example")!.answered("192.0.2.2");
  await passed(1000);
  clusters.taken({ ...back, ...external("new.example") }, await looking);
  expect(["a.example", "b.example", "new.example"].map(addressOf)).toEqual(["192.0.2.1", "192.0.2.2", "192.0.2.9"]);
});
