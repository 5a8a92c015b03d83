import { expect, test } from "vitest";
import { PassFailure, stages } from "../failure.ts";
import { isSameStatus, statusAfter, statusIn, type MeshSyncStatus } from "./mesh-sync-status.ts";
import type { PassReport } from "./reporter.ts";

const nothing: MeshSyncStatus = { conditions: [] };
const pass = (commit: string, more: Partial<PassReport> = {}): PassReport => ({
  commit,
  objects: 3,
  writes: { created: 0, changed: 0, deleted: 0 },
  steps: 0,
  milliseconds: 10,
  warnings: [],
  ...more,
});
const passed = (before: MeshSyncStatus, report: PassReport, second = 0, generation = 1): MeshSyncStatus =>
  statusAfter(
    before,
    { kind: "passed", pass: report },
    { generation, now: new Date(Date.UTC(2026, 0, 1, 0, 0, second)) },
  );
const failed = (before: MeshSyncStatus, failure: PassFailure, commit: string | undefined, second = 0, generation = 1) =>
  statusAfter(
    before,
    { kind: "failed", failure, commit },
    { generation, now: new Date(Date.UTC(2026, 0, 1, 0, 0, second)) },
  );
const shown = ({ conditions }: MeshSyncStatus): readonly string[] =>
  conditions.map(({ type, status, reason, observedGeneration, lastTransitionTime }) =>
    [type, status, reason, observedGeneration, lastTransitionTime.slice(17, 19)].join(" "),
  );

test("a pass that holds says so of every stage", () => {
  expect(shown(passed(nothing, pass("a")))).toEqual(["Ready", ...stages].map((type) => `${type} True Succeeded 1 00`));
});

test("the same pass again leaves the status as it is, whatever the time", () => {
  const before = passed(nothing, pass("a", { writes: { created: 3, changed: 0, deleted: 0 }, steps: 1 }));
  const after = passed(before, pass("a", { milliseconds: 99 }), 30);
  expect(isSameStatus(before, after)).toBe(true);
  expect(after.rollout).toEqual({ commit: "a", created: 3, changed: 0, deleted: 0, steps: 1 });
});

test("another generation is observed though nothing else changed, and is no transition", () => {
  const before = passed(nothing, pass("a"));
  const after = passed(before, pass("a"), 30, 2);
  expect(isSameStatus(before, after)).toBe(false);
  expect(shown(after)).toEqual(["Ready", ...stages].map((type) => `${type} True Succeeded 2 00`));
});

test("a commit that does not compile leaves what is known of the one in force, under the generation that it was known of", () => {
  const before = passed(nothing, pass("a"));
  const broken = failed(before, new PassFailure("Compiled", "DoesNotCompile", "a.ts:3:1: no"), "b", 30, 2);
  expect(shown(broken)).toEqual([
    "Ready False DoesNotCompile 2 30",
    "Fetched True Succeeded 2 00",
    "Compiled False DoesNotCompile 2 30",
    "Planned True Succeeded 1 00",
    "Applied True Succeeded 1 00",
    "Settled True Succeeded 1 00",
  ]);
  expect([broken.commit, broken.attempted]).toEqual(["a", "b"]);
  const healed = passed(broken, pass("c"), 45, 2);
  expect(shown(healed).slice(0, 3)).toEqual([
    "Ready True Succeeded 2 45",
    "Fetched True Succeeded 2 00",
    "Compiled True Succeeded 2 45",
  ]);
});

test("a write that was refused leaves open what proxies have", () => {
  const before = passed(nothing, pass("a"));
  expect(shown(failed(before, new PassFailure("Applied", "Conflict", "no"), "b", 30)).slice(-2)).toEqual([
    "Applied False Conflict 1 30",
    "Settled Unknown NotReached 1 30",
  ]);
});

test("what no pass came to is unknown, and a fetch that failed says of no commit", () => {
  const status = failed(nothing, new PassFailure("Fetched", "Unreachable", "no answer"), undefined);
  expect(shown(status)).toEqual([
    "Ready False Unreachable 1 00",
    "Fetched False Unreachable 1 00",
    ...stages.slice(1).map((type) => `${type} Unknown NotReached 1 00`),
  ]);
  expect(status).toEqual({ conditions: status.conditions });
});

test("a message is no longer than the API server takes", () => {
  const lines = Array.from({ length: 4000 }, (_, line) => `a.ts:${line}:1: something is wrong here`);
  const { conditions } = failed(nothing, new PassFailure("Compiled", "DoesNotCompile", lines.join("\n")), "b");
  const message = conditions.find(({ type }) => type === "Compiled")?.message ?? "";
  expect(message.length).toBeLessThanOrEqual(32_768);
  expect(message).toMatch(/^a\.ts:0:1: .*\n… and \d+ more lines$/s);
});

test("warnings of a commit in force are shown with their lines", () => {
  const warning = { code: "MESH1", severity: "warning", message: "odd", at: "a.ts:1:2" } as const;
  const status = passed(nothing, pass("a", { warnings: [warning] }));
  expect(status.conditions.find(({ type }) => type === "Compiled")?.message).toBe(
    "commit a, with 1 warning:\na.ts:1:2: odd (MESH1)",
  );
  expect(status.warnings).toBe(1);
});

test("what others keep in a status is theirs", () => {
  const mine = passed(nothing, pass("a"));
  const theirs = { type: "Theirs", status: "True", reason: "A", message: "", lastTransitionTime: "" };
  expect(
    isSameStatus(statusIn({ ...mine, conditions: [theirs, ...mine.conditions.toReversed()], other: 1 }), mine),
  ).toBe(true);
});
