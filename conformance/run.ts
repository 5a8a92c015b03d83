/**
 * `npm run conformance [-- NAME] [--json] [--seeds 3,7]`: what is held against the real systems. With seeds: of `istio`, `xds`
 * and `proxy` alone Bookinfo and these random meshes, and nothing else, for as long as something is worked on.
 */
import { parseArgs } from "node:util";
import { diffConformance } from "./diff/index.ts";
import { fourAnswers } from "./four-answers/index.ts";
import { dataPlanes } from "./four-answers/record.ts";
import { istioConformance, istioMeshes } from "./istio/index.ts";
import { proxyConformance, proxyMeshes } from "./proxy/index.ts";
import { stackOf } from "../runtime/log/log.ts";
import { inTime } from "./rig/in-time.ts";
import { rigRequirements } from "./rig/requirements.ts";
import type { Suite } from "./suite.ts";
import { syncConformance } from "./sync/index.ts";
import { xdsConformance, xdsMeshes } from "./xds/index.ts";

const suites: Readonly<Record<string, Suite>> = {
  istio: istioConformance,
  diff: diffConformance,
  xds: xdsConformance,
  proxy: proxyConformance,
  sync: syncConformance,
};

const ofSeeds: Readonly<Record<string, (seeds: readonly number[]) => Suite>> = {
  istio: istioMeshes,
  xds: xdsMeshes,
  proxy: proxyMeshes,
};

const { values, positionals: names } = parseArgs({
  options: { json: { type: "boolean", default: false }, seeds: { type: "string" } },
  allowPositionals: true,
});
const { json } = values;
const seeds = values.seeds?.split(",").map(Number);
const asked =
  seeds === undefined ? suites : Object.fromEntries(Object.entries(ofSeeds).map(([name, of]) => [name, of(seeds)]));
const unknown = names.find((name) => asked[name] === undefined);
if (unknown !== undefined || seeds?.some((seed) => !Number.isSafeInteger(seed))) {
  console.error(
    unknown === undefined
      ? `seeds are whole numbers, as in \`--seeds 3,7\`: ${values.seeds}`
      : `there is no conformance suite \`${unknown}\`${seeds ? " of seeds" : ""}; there is ${Object.keys(asked).join(", ")}`,
  );
  process.exit(1);
}

const all = { passed: 0, failed: 0, skipped: 0 };

/** Twice what the longest takes on two processors, and short enough that CI still hears of it. */
const longestMinutes = 40;

/** False where it did not come to its end: it is still at work then, and nothing else can be held. */
const held = async (name: string, suite: Suite): Promise<boolean> => {
  const started = performance.now();
  const result = { passed: 0, failed: 0, skipped: 0 };
  const fail = (what: string, why: string): void => {
    result.failed += 1;
    console.log(`FAIL ${what}: ${why}`);
  };
  const working = suite({
    pass: (what) => {
      result.passed += 1;
      if (what !== undefined) console.log(`ok   ${what}`);
    },
    fail,
    skip: (what, why) => {
      // A machine without root may leave cases out; CI must not.
      if (process.env["CI"]) result.failed += 1;
      else result.skipped += 1;
      console.log(`${process.env["CI"] ? "FAIL" : "skip"} ${what}: ${why}`);
    },
    say: (line) => console.log(line),
  }).catch((error: unknown) => fail(name, stackOf(error)));
  const ended = await inTime(
    working.then(() => true),
    longestMinutes * 60_000,
    () => false,
  );
  if (!ended) fail(name, `not at its end after ${longestMinutes} minutes`);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${name}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped, ${seconds} s`);
  if (json) console.log(JSON.stringify({ name, ...result, seconds }));
  for (const count of ["passed", "failed", "skipped"] as const) all[count] += result[count];
  return ended;
};

const isWanted = (name: string): boolean => names.length === 0 || names.includes(name);
const run: [name: string, suite: Suite][] = Object.entries(asked).filter(([name]) => isWanted(name));
// Without a rig the suites have said what is missing, and saw nothing.
if (seeds === undefined && dataPlanes.every(isWanted) && rigRequirements() === undefined)
  run.push(["four answers", fourAnswers]);
for (const [name, suite] of run) if (!(await held(name, suite))) break;
if (!json) console.log(`${all.passed} passed, ${all.failed} failed, ${all.skipped} skipped`);
// Everything that was started is stopped by now; a handle that is left open must not keep CI waiting.
process.exit(all.failed > 0 ? 1 : 0);
