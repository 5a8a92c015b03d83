import { externalHost } from "../../golden/random/intents.ts";
import { istioLaboratory } from "../istio/laboratory.ts";
import { seedsByMeshConfig } from "../istio/mesh-config.ts";
import { foundOnRig, judgeCapture } from "../laboratory/rigs.ts";
import { istiod } from "../rig/istiod/istiod.ts";
import { rigRequirements } from "../rig/requirements.ts";
import type { Suite, Verdicts } from "../suite.ts";
import { changedPair, hasMeaning, reorderedPair } from "./pairs.ts";
import { plantedFaults } from "./planted.ts";
import { contradiction, shown, type Shown } from "./shown.ts";
import { requestsPerWitness } from "./sightings.ts";
import { hasWitness, type LaneKind } from "./witnesses.ts";

const changedPairs = 20;
const reorderedPairs = 4;

const cases = [
  `witnesses of ${changedPairs} random pairs of meshes`,
  `${reorderedPairs} pairs without a change in meaning`,
  "every kind of lane",
  "traffic through captured connections",
  "planted faults",
];

/**
 * What `diff` says of two meshes, on real Envoys before and after: its witnesses are answered differently, each as its
 * mesh says; what it does not name is answered alike.
 */
export const diffConformance: Suite = async (verdicts) => {
  const missing = rigRequirements();
  if (missing !== undefined) {
    for (const name of cases) verdicts.skip(name, missing);
    return;
  }
  const changed = new Set(firstSeeds(changedPairs, (seed) => hasMeaning(seed) && hasWitness(changedPair(seed))));
  const reordered = new Set(firstSeeds(reorderedPairs, (seed) => reorderedPair(seed) !== undefined));
  const all: Shown[] = [];
  for (const [config, seeds] of seedsByMeshConfig([...new Set([...changed, ...reordered])]))
    await foundOnRig(istiod({ meshConfig: config }), config, verdicts, async (rig) => {
      const lab = await istioLaboratory(rig, [externalHost]);
      const pairs = seeds.flatMap((seed) => [
        ...(changed.has(seed) ? [changedPair(seed, lab.outside.address)] : []),
        ...(reordered.has(seed) ? [reorderedPair(seed, lab.outside.address)!] : []),
      ]);
      for (const pair of pairs) {
        const seen = await shown(pair, lab);
        judge(seen, verdicts);
        all.push(seen);
      }
      await judgeCapture(rig, verdicts);
    });
  judgeChoice(all, verdicts);
  plantedFaults(all, verdicts);
};

const firstSeeds = (count: number, holds: (seed: number) => boolean): readonly number[] => {
  const found: number[] = [];
  for (let seed = 1; found.length < count; seed += 1) if (holds(seed)) found.push(seed);
  return found;
};

const judge = ({ pair, choice, answered }: Shown, verdicts: Verdicts): void => {
  const wrong = answered.flatMap((seen) => {
    const why = contradiction(pair.before, pair.after, seen);
    return why === undefined ? [] : [{ call: seen.call, why }];
  });
  for (const { call, why } of wrong.slice(0, 5)) verdicts.fail(`${pair.name}: ${JSON.stringify(call)}`, why);
  const alike = answered.length - choice.chosen.length;
  const byMany = choice.chosen.filter(({ shownBy }) => shownBy === "many requests").length;
  if (pair.differences.length > 0 && choice.chosen.length === 0)
    verdicts.fail(pair.name, "none of its differences has a witness that the rig can show");
  else if (alike === 0) verdicts.fail(pair.name, "no call that the diff leaves alone was sent");
  else if (wrong.length === 0)
    verdicts.pass(
      `${pair.name}: ${pair.differences.length} differences; ${choice.chosen.length} witnesses answered differently` +
        `${byMany > 0 ? ` (${byMany} by ${requestsPerWitness} requests)` : ""}, ${alike} other calls alike`,
    );
};

const lanes: readonly LaneKind[] = ["routed", "by alias", "whole", "direct", "unknown name"];

/** What the choice covers must be told, and no kind of lane may be missing from it. */
const judgeChoice = (all: readonly Shown[], verdicts: Verdicts): void => {
  const chosen = all.flatMap(({ choice }) => choice.chosen);
  for (const kind of lanes) {
    const those = chosen.filter(({ lane }) => lane === kind);
    const callers = new Set(those.map(({ call }) => call.from)).size;
    if (those.length === 0) verdicts.fail(`lanes: ${kind}`, "no witness was sent");
    else verdicts.pass(`lanes: ${kind}, ${those.length} witnesses from ${callers} callers`);
  }
  const leftOut = new Map<string, number>();
  for (const { choice } of all)
    for (const [why, count] of choice.leftOut) leftOut.set(why, (leftOut.get(why) ?? 0) + count);
  verdicts.say(`${chosen.length} witnesses were sent; left out:`);
  for (const [why, count] of [...leftOut].sort(([, a], [, b]) => b - a))
    verdicts.say(`${String(count).padStart(6)} ${why}`);
};
