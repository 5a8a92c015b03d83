import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
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
/** What one command leaves an API server to do is not timed with the next. */
const pauseMs = 2000;

/**
 * A commit of 1,002 objects on its way into an empty cluster, and once more with nothing to do, against `kubectl apply --server-side`
 * of the same objects. Both begin with the start of a process and end when the API server holds every object, which is counted and
 * compared. Goals are held against `kubectl` alone:
 *
 * - In mesh-sync's time are the fetch from a Git server, the compile with its type check, a look at what is there, the plan with
 *   its proof, a dry run of every object, and the writes of each step; every object is two requests.
 * - In kubectl's are reading the YAML that `mesh-compile build` wrote before, and one request for each object.
 * - Before each command the API server has two seconds to itself: a thousand writes keep it busy for a while after they are answered.
 * - In neither is a wait for proxies: there is no istiod, `--settle` is 0, and kubectl never waits. With either kind of settling a
 *   rollout takes as much longer as proxies take, once for each step.
 *
 * Whoever applies with kubectl compiles too, and may try everything on the server first, which is what mesh-sync's promise
 * takes: `..._vs_build_and_kubectl` and `first_sync_1000_vs_build_dry_run_and_kubectl` are the same times against those pipelines,
 * made of times of the same round. `requests_alone_vs_kubectl` is what would be left of a first sync if all but its requests took
 * no time: the API server's own, on the processors that all of them share. Ratios are medians of the rounds' ratios.
 *
 * Then the loop: from somebody's edit to the edited object's being as it was, and the memory of the program alone, without the
 * locked-up processes that evaluate policies.
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
  kubectl: ({ kubectl }: SyncStage) => kubectl(),
};
type Contestant = keyof typeof contestants;
const names = Object.keys(contestants) as readonly Contestant[];

const compared = async (stage: SyncStage): Promise<Readonly<Record<string, number>>> => {
  const seconds = { first: new Map<Contestant, number[]>(), noop: new Map<Contestant, number[]>() };
  const [compiling, trying, asking]: [number[], number[], number[]] = [[], [], []];
  const counts = new Set<number>();
  // The first round warms the machine's file cache for all and is thrown away.
  for (let round = 0; round <= rounds; round += 1) {
    const shift = round % names.length;
    for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
      const command = contestants[name](stage);
      await stage.emptied();
      if (name === "kubectl") {
        const { seconds: taken } = await run([stage.kubectl("--dry-run=server")], false);
        if (round > 0) trying.push(taken);
      }
      for (const pass of ["first", "noop"] as const) {
        const before = pass === "noop" ? await versions(stage) : undefined;
        await sleep(pauseMs);
        const taken = (await run([command], false)).seconds;
        if (round > 0) seconds[pass].set(name, [...(seconds[pass].get(name) ?? []), taken]);
        const after = await versions(stage);
        counts.add(after.length);
        if (before !== undefined && before.join() !== after.join()) throw new Error(`${name} wrote something twice`);
      }
    }
    const { seconds: taken } = await run([stage.build], false);
    await stage.emptied();
    const started = performance.now();
    await stage.requestsAlone();
    const asked = (performance.now() - started) / 1000;
    counts.add((await versions(stage)).length);
    if (round === 0) continue;
    compiling.push(taken);
    asking.push(asked);
  }
  if (counts.size !== 1) throw new Error(`not all brought the same number of objects: ${[...counts].join(", ")}`);
  const figures: Record<string, number> = {
    objects: [...counts][0] ?? 0,
    compile_seconds: median(compiling),
    dry_run_seconds_kubectl: median(trying),
    requests_alone_seconds: median(asking),
    requests_alone_vs_kubectl: median(
      asking.map((each, at) => each / (seconds.first.get("kubectl")?.[at] ?? Number.NaN)),
    ),
  };
  for (const [pass, taken] of Object.entries(seconds)) {
    const applying = taken.get("kubectl") ?? [];
    const built = applying.map((each, at) => each + (compiling[at] ?? Number.NaN));
    const others: Readonly<Record<string, readonly number[]>> = {
      kubectl: applying,
      build_and_kubectl: built,
      ...(pass === "first" && {
        build_dry_run_and_kubectl: built.map((each, at) => each + (trying[at] ?? Number.NaN)),
      }),
    };
    for (const name of names) {
      const all = taken.get(name) ?? [];
      figures[`${pass}_seconds_${name}`] = median(all);
      if (name === "kubectl") continue;
      for (const [other, theirs] of Object.entries(others))
        figures[`${pass}_sync_1000_vs_${other}${name.replace("mesh_sync", "")}`] = median(
          all.map((each, at) => each / (theirs[at] ?? Number.NaN)),
        );
    }
  }
  return figures;
};

const versions = async ({ all }: SyncStage): Promise<readonly string[]> =>
  (await all()).map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`).sort();
