import { expect, test } from "vitest";
import { rolloutPlan } from "../../../compiler/rollout/plan.ts";
import { randomPair } from "../../../golden/random/pair.ts";
import { emit } from "../../../targets/istio/emit/index.ts";
import { planOf, type PlanRequest } from "./planner.ts";

const { before, after } = randomPair(54, "same");
const { graph, platform } = after;
const asked: PlanRequest = { before: emit(before.mesh), after: emit(after.mesh), base: { graph, platform } };
const { signal } = new AbortController();

test("a plan from a thread is the plan, and whoever waits for it can do other things", async () => {
  let others = 0;
  const ticking = setInterval(() => (others += 1), 1);
  const planned = await planOf(asked, signal);
  clearInterval(ticking);
  expect(planned).toEqual(rolloutPlan(asked.before, asked.after, asked.base));
  expect(planned.value).toMatchObject({ kind: "safe" });
  expect(others).toBeGreaterThan(0);
});

test("what differs in nothing needs no thread", async () => {
  expect(await planOf({ ...asked, after: asked.before }, signal)).toEqual({
    value: { kind: "safe", steps: [] },
    diagnostics: [],
  });
});

test("objects that no mesh can hold come back as what is wrong with them", async () => {
  const [first, ...rest] = asked.after;
  const { value, diagnostics } = await planOf(
    { ...asked, after: [{ ...first!, spec: { nothing: true } }, ...rest] },
    signal,
  );
  expect(value).toBeUndefined();
  expect(diagnostics.map(({ code }) => code)).toContain("MESH5003");
});

test("a signal ends it, before and while it works", async () => {
  const ending = new AbortController();
  const planned = planOf(asked, ending.signal);
  ending.abort(new Error("enough"));
  await expect(planned).rejects.toThrow("enough");
  await expect(planOf(asked, ending.signal)).rejects.toThrow("enough");
});

test("what a thread throws is thrown here", async () => {
  const broken = { ...asked, base: { graph, platform: undefined as unknown as typeof platform } };
  await expect(planOf(broken, signal)).rejects.toThrow();
});
