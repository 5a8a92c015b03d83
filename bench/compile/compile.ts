import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Bench, type Goal, isMet, machine } from "../result.ts";
import { canonical, outputDigest } from "./canonical.ts";
import { type Contestant, ours, peers } from "./contestants.ts";
import { benchMesh } from "./mesh.ts";
import { type Measured, ratios, report } from "./measured.ts";
import { run } from "./process-tree.ts";
import { tools } from "./tools.ts";

/** Meshes to compile, by services; more rounds where a round is short. */
const sizes = [
  { services: 1000, rounds: 7 },
  { services: 5000, rounds: 5 },
] as const;

/** A build in CI must not cost more than with the tool that it replaces, and must grow slower than it. */
const goals: Readonly<Record<string, Goal>> = {
  cold_1000_vs_cue: { max: 1.2 },
  cold_5000_vs_cue: { max: 0.9 },
  cold_1000_vs_cue_without_types: { max: 0.8 },
  cold_5000_vs_cue_without_types: { max: 0.45 },
};

/**
 * Compiles the same mesh with ours, CUE, jsonnet and cdk8s, each run a first run in fresh processes, interleaved round by
 * round so that whatever else the machine does hits all alike. Ratios are medians of the rounds' ratios. Memory is
 * measured in rounds of its own, because looking at it costs time. Refuses to compare unless all wrote the same objects.
 */
export const compileBench: Bench = async () => {
  const before = machine();
  const installed = tools();
  console.log(
    `tools: ${Object.entries(installed.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
  );
  const contestants = [...ours(), ...peers(installed)];
  const figures: Record<string, number> = {};
  let equal = true;
  const scratch = mkdtempSync(join(tmpdir(), "meshwright-bench-"));
  try {
    for (const { services, rounds } of sizes) {
      const measured: Measured[] = [];
      for (const contestant of contestants) measured.push(await prepared(contestant, services, scratch));
      await measure(measured, rounds);
      equal &&= report(services, measured);
      Object.assign(figures, ratios(services, measured));
      for (const { folder } of measured) rmSync(folder, { recursive: true, force: true });
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  for (const [key, figure] of Object.entries(figures)) {
    const goal = goals[key];
    const verdict = goal === undefined ? "" : `  goal ≤ ${goal.max}: ${isMet(figure, goal) ? "met" : "NOT MET"}`;
    console.log(`${key.padEnd(44)} ${figure.toFixed(3)}${verdict}`);
  }
  const met = Object.entries(goals).every(([key, goal]) => isMet(figures[key], goal));
  return { name: "compile", machine: before, figures, goals, ok: equal && met };
};

/** A contestant's sources on disk, with what its users have done before they build. */
async function prepared(contestant: Contestant, services: number, scratch: string): Promise<Measured> {
  const folder = join(scratch, `${contestant.name.replaceAll(" ", "-")}-${services}`);
  const sources = Object.entries(contestant.sources(benchMesh(services)));
  for (const [path, text] of sources) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  for (const [path, target] of Object.entries(contestant.links)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    symlinkSync(target, join(folder, path));
  }
  await run(contestant.preparation(folder), false);
  return { contestant, folder, sourceFiles: sources.length, seconds: [], megabytes: [] };
}

async function measure(measured: readonly Measured[], rounds: number): Promise<void> {
  const memoryRounds = 2;
  // The first round warms the machine's file cache for all and is thrown away, but for its output.
  for (let round = 0; round <= rounds + memoryRounds; round++) {
    const memory = round > rounds;
    // Each contestant takes each place in the order, so that none always runs after the heaviest.
    const shift = round % measured.length;
    for (const each of [...measured.slice(shift), ...measured.slice(0, shift)]) {
      const { contestant, folder } = each;
      const output = join(folder, contestant.output);
      for (const path of [contestant.output, ...contestant.leftovers])
        rmSync(join(folder, path), { recursive: true, force: true });
      const { seconds, peakMegabytes } = await run(contestant.commands(folder), memory);
      if (round === 0) each.canonical = canonical(output);
      else if (peakMegabytes === undefined) each.seconds.push(seconds);
      else each.megabytes.push(peakMegabytes);
      const digest = outputDigest(output);
      if (each.digest !== undefined && each.digest !== digest)
        throw new Error(`${contestant.name} wrote different bytes in two runs`);
      each.digest = digest;
    }
  }
}
