import { expect, test } from "vitest";
import { ClusterError, type ClusterObject, type WantedObject } from "../cluster/index.ts";
import { events, type EventWords, type EventsOptions } from "./events.ts";

const words = (note: string): EventWords => ({ type: "Warning", reason: "Foreign", action: "Plan", note });

/** What was stored by name, as server-side apply leaves it, and a clock that stands still. */
const told = (options: Partial<EventsOptions> = {}) => {
  const stored = new Map<string, WantedObject>();
  const clock = { at: 1_000_000, writes: 0 };
  const logged: string[] = [];
  const { tell } = events({
    api: {
      apply: async (object) => {
        clock.writes += 1;
        stored.set(object.metadata.name, object);
        return object as ClusterObject;
      },
    },
    regarding: { apiVersion: "meshwright.dev/v1alpha1", kind: "MeshSync", namespace: "mesh", name: "shop" },
    instance: "pod-1",
    log: ({ event, reason }) => logged.push(`${event}: ${String(reason)}`),
    now: () => clock.at,
    ...options,
  });
  return { tell: (note: string, uid = "u") => tell(words(note), uid), stored, clock, logged };
};
const seriesOf = (stored: ReadonlyMap<string, WantedObject>) => [...stored.values()].map((event) => event["series"]);

test("what is told again is one Event with a count, written once in a while", async () => {
  const { tell, stored, clock } = told({ repeatMs: 1000 });
  for (let left = 5; left > 0; left -= 1) await tell("a");
  expect([clock.writes, ...seriesOf(stored)]).toEqual([1, undefined]);
  clock.at += 1000;
  await tell("a");
  expect([clock.writes, ...seriesOf(stored)]).toEqual([
    2,
    { count: 6, lastObservedTime: "1970-01-01T00:16:41.000000Z" },
  ]);
});

test("of what is new, only so many are told at once, and then one after each while", async () => {
  const { tell, stored, clock } = told({ burst: 3, everyMs: 1000 });
  for (let note = 0; note < 10; note += 1) await tell(`a${note}`);
  expect(stored.size).toBe(3);
  clock.at += 1000;
  await tell("b");
  await tell("c");
  expect([...stored.values()].map(({ note }) => note)).toEqual(["a0", "a1", "a2", "b"]);
});

test("an Event that the API server has forgotten by then is told anew", async () => {
  const { tell, stored, clock } = told();
  await tell("a");
  clock.at += 3_600_000;
  await tell("a");
  expect(seriesOf(stored)).toEqual([undefined, undefined]);
});

test("another object of the same name has Events of its own", async () => {
  const { tell, stored } = told();
  await tell("a", "u");
  await tell("a", "v");
  expect([...stored.values()].map(({ regarding }) => (regarding as { readonly uid: string }).uid)).toEqual(["u", "v"]);
});

test("a note is no longer than the API server takes, a name neither", async () => {
  const { tell, stored } = told({
    regarding: { apiVersion: "v1", kind: "MeshSync", namespace: "mesh", name: `${"a".repeat(199)}.${"b".repeat(53)}` },
  });
  await tell("ü".repeat(1000));
  const [event] = [...stored.values()];
  expect(Buffer.byteLength(String(event?.["note"]))).toBeLessThanOrEqual(1024);
  expect(event?.metadata.name).toMatch(/^a{199}\.[0-9a-f]+$/);
});

test("an API server that refuses is logged and nothing else, and it is tried again", async () => {
  let refuses = true;
  let stored = 0;
  const { tell, logged } = told({
    api: {
      apply: async (object) => {
        if (refuses) throw new ClusterError("not allowed", { kind: "forbidden" });
        stored += 1;
        return object as ClusterObject;
      },
    },
  });
  await tell("a");
  refuses = false;
  await tell("a");
  expect([logged, stored]).toEqual([["event not written: not allowed"], 1]);
});
