import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Origin } from "../../../lib/diagnostics/origin.ts";
import type { Span } from "../../../lib/diagnostics/span.ts";
import type { Refusal } from "../ads/index.ts";
import { refusals } from "./refusals.ts";

const span = (line: number): Span => ({ file: "a.ts", line, column: 1, length: 1 }) as unknown as Span;

/** Refusals whose places are found when the test says so. */
const scene = (place: (origin: Origin) => Span | undefined) => {
  const runs: { readonly origins: readonly Origin[]; readonly end: () => void; readonly fail: () => void }[] = [];
  const kept = refusals(
    (origins) =>
      new Promise((resolve, reject) =>
        runs.push({
          origins,
          end: () =>
            resolve(
              new Map(
                origins.flatMap((origin) => {
                  const found = place(origin);
                  return found === undefined ? [] : [[origin, found] as const];
                }),
              ),
            ),
          fail: () => reject(new Error("no sandbox")),
        }),
      ),
    () => undefined,
  );
  return { kept, runs };
};

const nack = (client: string, names: readonly string[], message = "no"): Refusal => ({
  client: { name: client, key: client },
  type: "cluster",
  message,
  resources: names.map((name) => ({
    name,
    version: "1",
    bytes: new Uint8Array(),
    // As after each compilation: another object for the same place.
    origins: [{ module: "a.ts", path: [name] }],
  })),
});

test("a thousand clients that refuse one change have its place looked for once", async () => {
  const { kept, runs } = scene(() => span(12));
  for (let client = 0; client < 500; client += 1) kept.kept(nack(`c${client}`, ["a"]));
  await turn();
  expect(runs).toHaveLength(1);
  for (let client = 500; client < 1000; client += 1) kept.kept(nack(`c${client}`, ["a"]));
  runs[0]?.end();
  await turn();
  await turn();
  expect(runs).toHaveLength(1);
  expect(kept.all()).toHaveLength(1000);
  expect(kept.all().every(({ at }) => at[0] === "a.ts:12:1")).toBe(true);
});

test("what was not found, or could not be looked for, is not looked for at each refusal", async () => {
  const { kept, runs } = scene(() => undefined);
  kept.kept(nack("c", ["a"]));
  await turn();
  runs[0]?.end();
  await turn();
  for (let time = 0; time < 10; time += 1) kept.kept(nack("c", ["a"]));
  await turn();
  expect(runs).toHaveLength(1);
  kept.kept(nack("c", ["b"]));
  await turn();
  runs[1]?.fail();
  await turn();
  kept.kept(nack("c", ["b"]));
  await turn();
  expect(runs).toHaveLength(2);
  expect(kept.all().map(({ resources, times }) => [resources, times])).toEqual([
    [["a"], 11],
    [["b"], 2],
  ]);
});

test("places are looked for anew in another revision, one evaluation at a time", async () => {
  let line = 1;
  const { kept, runs } = scene(() => span(line));
  kept.kept(nack("c", ["a"]));
  await turn();
  kept.kept(nack("d", ["b"]));
  kept.kept(nack("e", ["c"]));
  await turn();
  expect(runs).toHaveLength(1);
  runs[0]?.end();
  await turn();
  expect(runs.map(({ origins }) => origins.length)).toEqual([1, 2]);
  runs[1]?.end();
  await turn();
  line = 9;
  kept.moved();
  kept.kept(nack("c", ["a"], "no again"));
  await turn();
  runs[2]?.end();
  await turn();
  expect(kept.all().find(({ client }) => client === "c")?.at).toEqual(["a.ts:9:1"]);
});

test("a refusal is over name by name, and a name is refused for the reason given last", () => {
  const { kept } = scene(() => undefined);
  kept.kept(nack("c", ["a", "b"]));
  kept.kept(nack("d", ["a"]));
  kept.forgotten((key, _, name) => key === "c" && name === "a");
  expect(kept.all().map(({ client, resources }) => [client, resources])).toEqual([["c", ["a"]]]);
  kept.kept(nack("c", ["a", "x"], "another reason"));
  expect(kept.all().map(({ resources, message }) => [resources, message])).toEqual([[["a", "x"], "another reason"]]);
  kept.forgotten(() => false);
  expect(kept.all()).toEqual([]);
});
