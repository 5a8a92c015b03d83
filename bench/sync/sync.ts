import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../compile/measured.ts";
import { run } from "../compile/process-tree.ts";
import { type Bench, type Goal, isMet, machine } from "../result.ts";
import { looped } from "./looped.ts";
import { syncStage, type SyncStage } from "./stage.ts";

/** 1000 is the number of objects, about; the mesh has 200 services. */
const goals: Readonly<Record<string, Goal>> = {
  first_sync_1000_vs_kubectl: { max: 0.5 },
  noop_sync_1000_vs_kubectl: { max: 0.2 },
  drift_healed_ms: { max: 2000 },
  memory_mib: { max: 250 },
};

const rounds = 5;

/**
 * A commit of 1,002 objects on its way into an empty cluster, and once more with nothing to do: `mesh-sync run --once`, with
 * the clone, the compile with its type check, the plan and a dry run of everything, against `kubectl apply --server-side` of what
 * `mesh-compile build` wrote, which is not counted. Neither waits for proxies. Then the loop: from somebody's edit to the edited object's
 * being as it was, and the memory of the program alone, without the locked-up processes that evaluate policies.
 */
export const syncBench: Bench = async () => {
  const before = machine();
  const scratch = mkdtempSync(join(tmpdir(), "meshwright-bench-sync-"));
  try {
    const stage = await syncStage(scratch);
    try {
      const figures = { ...(await compared(stage)), ...(await looped(stage)) };
      for (const [key, figure] of Object.entries(figures)) {
        const goal = goals[key];
        const verdict = goal === undefined ? "" : `  goal ≤ ${goal.max}: ${isMet(figure, goal) ? "met" : "NOT MET"}`;
        console.log(`${key.padEnd(44)} ${figure.toFixed(3)}${verdict}`);
      }
      const met = Object.entries(goals).every(([key, goal]) => isMet(figures[key], goal));
      return { name: "sync", machine: before, figures, goals, ok: met };
    } finally {
      await stage.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};

const contestants = {
  mesh_sync: ({ sync }: SyncStage) => sync("--once"),
  mesh_sync_without_types: ({ sync }: SyncStage) => sync("--once", "--no-types"),
  kubectl: ({ kubectl }: SyncStage) => kubectl,
};
type Contestant = keyof typeof contestants;
const names = Object.keys(contestants) as readonly Contestant[];

const compared = async (stage: SyncStage): Promise<Readonly<Record<string, number>>> => {
  const seconds = { first: new Map<Contestant, number[]>(), noop: new Map<Contestant, number[]>() };
  const compiling: number[] = [];
  const counts = new Set<number>();
  // The first round warms the machine's file cache for all and is thrown away.
  for (let round = 0; round <= rounds; round += 1) {
    const shift = round % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      const command = contestants[name](stage);
      await stage.emptied();
      for (const pass of ["first", "noop"] as const) {
        const before = pass === "noop" ? await versions(stage) : undefined;
        const taken = (await run([command], false)).seconds;
        if (round > 0) seconds[pass].set(name, [...(seconds[pass].get(name) ?? []), taken]);
        const after = await versions(stage);
        counts.add(after.length);
        if (before !== undefined && before.join() !== after.join()) throw new Error(`${name} wrote something twice`);
      }
    }
    const { seconds: taken } = await run([stage.build], false);
    if (round > 0) compiling.push(taken);
  }
  if (counts.size !== 1) throw new Error(`not all brought the same number of objects: ${[...counts].join(", ")}`);
  const figures: Record<string, number> = { objects: [...counts][0] ?? 0, compile_seconds: median(compiling) };
  for (const [pass, taken] of Object.entries(seconds)) {
    const theirs = taken.get("kubectl") ?? [];
    for (const name of names) {
      const all = taken.get(name) ?? [];
      figures[`${pass}_seconds_${name}`] = median(all);
      const key = `${pass}_sync_1000_vs_kubectl${name.replace("mesh_sync", "")}`;
      if (name !== "kubectl") figures[key] = median(all.map((each, at) => each / (theirs[at] ?? Number.NaN)));
    }
  }
  return figures;
};

const versions = async ({ all }: SyncStage): Promise<readonly string[]> =>
  (await all()).map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`).sort();
