import { boundaryCalls } from "../../golden/random/calls.ts";
import { random } from "../../golden/random/random.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Verdicts } from "../suite.ts";
import { coverage } from "./features.ts";
import type { Laboratory } from "./laboratory.ts";
import {
  disagreements,
  evidence,
  observable,
  scenarioDisagreements,
  splitProbabilities,
  type Evidence,
} from "./oracle/trials.ts";

const callsPerMesh = 80;

/** Why a rig does not send a call; undefined where it does. */
export type LeavesOut = (call: Call, mesh: Mesh) => string | undefined;

/** No rig shows these (`observable`). */
export const unseen = "a service's own address, dialled past every proxy";

/** Requests at the boundaries of a mesh, the same on every rig. */
export const callsOf = (mesh: Mesh, seed: number): readonly Call[] => boundaryCalls(mesh, callsPerMesh, random(seed));
/** How likely it may be, over all splits of a run together, that a correct one is taken for wrong. */
const familyWise = 1e-6;

/** Sends requests at the boundaries of the mesh that the laboratory runs, and holds every answer against `decide`. */
export const judgeCalls = async (
  name: string,
  mesh: Mesh,
  seed: number,
  lab: Laboratory,
  verdicts: Verdicts,
  leavesOut: LeavesOut = () => undefined,
): Promise<Evidence> => {
  const planned = callsOf(mesh, seed).map((call) => ({
    call,
    leftOut: observable(mesh, call) ? leavesOut(call, mesh) : unseen,
  }));
  const seen = await evidence(name, mesh, planned, lab);
  const wrong = disagreements(seen);
  for (const { call, why } of wrong.slice(0, 5)) verdicts.fail(`${name}: ${JSON.stringify(call)}`, why);
  const played = scenarioDisagreements(seen);
  for (const why of played.slice(0, 3)) verdicts.fail(name, why);
  if (wrong.length === 0 && played.length === 0)
    verdicts.pass(`${name}: ${seen.cases.length} calls and ${seen.scenarios.length} scenarios came out as decided`);
  return seen;
};

/** Whether splits came out as the meshes of a run say, all of them together. */
export const judgeSplits = (all: readonly Evidence[], verdicts: Verdicts): void => {
  const tests = all.flatMap((one) => splitProbabilities(one).map((test) => ({ ...test, name: one.name })));
  const threshold = familyWise / Math.max(1, tests.length);
  for (const { name, what, probability } of tests)
    if (probability < threshold) verdicts.fail(`${name}: split`, `${what}, probability ${probability}`);
  const least = Math.min(...tests.map(({ probability }) => probability));
  if (tests.length === 0) verdicts.fail("splits", "no mesh had a split that a request met");
  else
    verdicts.pass(
      `splits: ${tests.length} binomial tests, the least likely ${least.toExponential(1)}, refused below ${threshold.toExponential(1)}`,
    );
};

/** Whether every feature of the language decided something in a run: else the run says nothing of it. */
export const judgeCoverage = (all: readonly Evidence[], verdicts: Verdicts): void => {
  const rows = coverage(
    all.flatMap(({ mesh, cases: seen, scenarios }) =>
      [...seen, ...scenarios.map(({ scenario }) => ({ call: scenario.trial.call }))].map(({ call }) => ({
        mesh,
        call,
      })),
    ),
  );
  for (const { name, hit, decisive } of rows) {
    verdicts.say(
      `${name.padEnd(28)} ${String(hit).padStart(6)} cases, ${String(decisive).padStart(6)} would have come out differently without it`,
    );
    if (decisive === 0) verdicts.fail(`feature ${name}`, "no case depends on it");
    else verdicts.pass();
  }
};
