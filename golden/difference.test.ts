import { expect, test } from "vitest";
import { differences, isAmong, witness, type Difference } from "../compiler/diff/exact/differences.ts";
import { meshChanges } from "../compiler/diff/index.ts";
import { someDelivered } from "../compiler/diff/words/outcomes.ts";
import type { Revisions } from "../compiler/diff/exact/lanes.ts";
import { decide } from "../lib/model/decide/index.ts";
import { meaningOf } from "../lib/model/decide/meaning.ts";
import type { Call } from "../lib/model/call.ts";
import { lookup } from "../lib/model/lookup.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import { normalizedTarget } from "../lib/model/normalized-path.ts";
import { Decided } from "../lib/requests/decided/decided.ts";
import { Space } from "../lib/requests/space.ts";
import { strangeCalls } from "./random/calls.ts";
import { meshesOf, randomPair } from "./random/pair.ts";
import { random } from "./random/random.ts";

const cases = Number(process.env["MESHWRIGHT_CASES"] ?? 5000);
const callsPerPair = 25;

interface Compared {
  readonly differences: readonly Difference[];
  readonly revisions: Revisions;
  readonly space: Space;
}

const compared = (before: Mesh, after: Mesh): Compared => {
  const space = new Space(before.platform.pathNormalization);
  const revisions = {
    before: new Decided(before, space),
    after: new Decided(after, space),
    diagrams: space.diagrams,
  };
  return { differences: differences(revisions, space), revisions, space };
};

const differs = (before: Mesh, after: Mesh, call: Call): boolean =>
  JSON.stringify(meaningOf(decide({ client: before, server: before }, call))) !==
  JSON.stringify(meaningOf(decide({ client: after, server: after }, call)));

test("a request is among the differences if and only if the two meshes decide it differently", () => {
  let found = 0;
  for (let seed = 1; seed <= cases / callsPerPair; seed += 1) {
    const [before, after] = meshesOf(randomPair(seed));
    const all = compared(before, after);
    const calls = [
      ...strangeCalls(before, 12, random(seed)),
      ...strangeCalls(after, callsPerPair - 12, random(seed + 1)),
    ].filter(({ from, to }) => isCaller(from) && inBoth(from) && (to.kind !== "workload" || inBoth(to.workload)));
    // Gateways send on what others call.
    function isCaller(id: string): boolean {
      return lookup(before).workload(id)?.proxy !== "gateway";
    }
    function inBoth(id: string): boolean {
      return id === "outside" || [before, after].every((mesh) => lookup(mesh).workload(id) !== undefined);
    }
    for (const strange of calls) {
      const call = withNormalPath(strange, before);
      const really = differs(before, after, call);
      if (really) found += 1;
      expect(isAmong(call, all), `seed ${seed}: ${JSON.stringify(call)}`).toBe(really);
    }
  }
  expect(found).toBeGreaterThan(cases / 50);
});

test("every difference has a witness, and every witness is decided differently", () => {
  for (let seed = 1; seed <= cases / 50; seed += 1) {
    const [before, after] = meshesOf(randomPair(seed));
    const all = compared(before, after);
    for (const difference of all.differences) {
      for (const from of difference.callers) {
        const call = witness(difference, all.space, from);
        expect(differs(before, after, call), `seed ${seed}: ${JSON.stringify(call)}`).toBe(true);
        expect(isAmong(call, all), `seed ${seed}: ${JSON.stringify(call)}`).toBe(true);
      }
    }
  }
});

test("a mesh does not differ from itself", () => {
  for (let seed = 1; seed <= cases / 50; seed += 1) {
    const { mesh } = randomPair(seed).before;
    // A copy: nothing is equal by being the same.
    expect(compared(mesh, JSON.parse(JSON.stringify(mesh)) as Mesh).differences).toEqual([]);
  }
});

const withNormalPath = (call: Call, { platform }: Mesh): Call =>
  call.request === "connection"
    ? call
    : {
        ...call,
        request: { ...call.request, target: normalizedTarget(call.request.target, platform.pathNormalization) },
      };

test("changes say which access they open and which they close: every such call is in one that is labelled so", () => {
  let seen = 0;
  for (let seed = 1; seed <= cases / 50; seed += 1) {
    const pair = randomPair(seed);
    const [before, after] = meshesOf(pair);
    const { changes } = meshChanges(pair.before, pair.after);
    const { differences: all, space } = compared(before, after);
    for (const difference of all) {
      const [was, is] = [someDelivered(difference.before), someDelivered(difference.after)];
      if (was === is) continue;
      const risk = is ? "opens-access" : "denies-traffic";
      const call = witness(difference, space);
      expect(
        changes.some(({ risks }) => risks.includes(risk)),
        `seed ${seed}: ${JSON.stringify(call)}`,
      ).toBe(true);
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(100);
});

test("calls need staging exactly where a rollout breaks what both revisions deliver", () => {
  let broken = 0;
  for (let seed = 1; seed <= cases / 50; seed += 1) {
    const pair = randomPair(seed);
    const [before, after] = meshesOf(pair);
    const staged = meshChanges(pair.before, pair.after).changes.filter(({ kind }) => kind === "staging");
    for (const { witness: call } of staged) {
      const outcomes = (client: Mesh, server: Mesh) =>
        decide({ client, server }, call!).branches.flatMap(({ ends }) => ends.map(({ outcome }) => outcome.kind));
      const steady = [outcomes(before, before), outcomes(after, after)];
      const mixed = [outcomes(before, after), outcomes(after, before)];
      const breaks =
        steady.flat().every((kind) => kind === "delivered") && mixed.flat().some((kind) => kind !== "delivered");
      const opens =
        steady.flat().every((kind) => kind !== "delivered") && mixed.flat().some((kind) => kind === "delivered");
      expect(breaks || opens, `seed ${seed}: ${JSON.stringify(call)}`).toBe(true);
      broken += 1;
    }
  }
  expect(broken).toBeGreaterThan(5);
});
