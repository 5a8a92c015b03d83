import { join } from "node:path";
import { compile } from "../../compiler/pipeline.ts";
import { externalHost } from "../../golden/random/intents.ts";
import { randomMesh } from "../../golden/random/mesh.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Plane } from "../rig/plane.ts";
import { rigRequirements } from "../rig/requirements.ts";
import type { Rig } from "../rig/rig.ts";
import { recorder, type DataPlane } from "../four-answers/record.ts";
import type { Suite, Verdicts } from "../suite.ts";
import { plantedFaults } from "./faults/planted.ts";
import { judgeCalls, judgeCoverage, judgeSplits, type LeavesOut } from "./judgement.ts";
import { judgeKeys } from "./keys/index.ts";
import type { Laboratory } from "./laboratory.ts";
import type { Alpn } from "./mutual-tls/by-hand.ts";
import { envoyCounting, type Counting } from "./mutual-tls/counters.ts";
import { judgeMutualTls, mutualTls, mutualTlsTally } from "./mutual-tls/index.ts";
import { disagreements, type Evidence } from "./oracle/trials.ts";
import { judgeCapture } from "./rigs.ts";
import { everySeed } from "./seeds.ts";
import { smallest } from "./smallest.ts";

export const bookinfo = join(import.meta.dirname, "..", "..", "policies", "bookinfo");
const bookinfoHost = "www.googleapis.com";

/** A mesh that runs, and what it is called in verdicts. */
export interface Running {
  readonly name: string;
  readonly graph: ServiceGraph;
  readonly mesh: Mesh;
}

/** How one rig's meshes are held, as far as its control plane or its Envoys differ from others'. */
export interface Holding<P extends Plane> {
  readonly laboratory: (rig: Rig<P>, externalHosts: readonly string[]) => Promise<Laboratory>;
  /** As its proxies speak with each other. */
  readonly alpn: Alpn;
  readonly seeds: readonly number[];
  /** Whether the example comes before the random meshes. */
  readonly bookinfo: boolean;
  /** What stands behind each mesh's name; nothing when absent. */
  readonly where?: string;
  /** Which calls come out there otherwise than decided, and why; none when absent. */
  readonly leavesOut?: LeavesOut;
  /** As what its answers are kept, to be compared with those of others; not kept when absent. */
  readonly keptAs?: DataPlane;
  /** How its proxies count what comes over mTLS; as Envoys do when absent. */
  readonly counting?: Counting;
  /** What else is held of each mesh while it runs. */
  readonly besides?: (running: Running, lab: Laboratory) => Promise<void>;
  /** All that the control plane answers, by name. */
  readonly answers?: () => Promise<Readonly<Record<string, string>>>;
}

/** Holds meshes on a rig; judged is what was seen on all rigs of a run together. */
export type Held = <P extends Plane>(rig: Rig<P>, holding: Holding<P>) => Promise<void>;

/**
 * Bookinfo and random meshes on real systems: every answer must be one that `decide` gave. `found` says on which rigs, and
 * holds besides what no mesh is needed for.
 */
export const meshSuite =
  (cases: readonly string[], found: (held: Held, verdicts: Verdicts) => Promise<void>): Suite =>
  async (verdicts) => {
    const missing = rigRequirements();
    if (missing !== undefined) {
      for (const name of [...cases, ...common]) verdicts.skip(name, missing);
      return;
    }
    const all: Evidence[] = [];
    const kept = recorder();
    const tally = mutualTlsTally();
    const seeds = new Set<number>();
    await found(async (rig, holding) => {
      const { where = "", leavesOut, keptAs, besides, answers } = holding;
      const lab = await holding.laboratory(rig, [externalHost, bookinfoHost]);
      const tls = await mutualTls(rig.mesh, { alpn: holding.alpn, counting: holding.counting ?? envoyCounting }, tally);
      const judged = async (running: Running, seed: number): Promise<Evidence> => {
        const { graph, mesh } = running;
        const name = `${running.name}${where}`;
        await lab.set(graph, mesh);
        const seen = await judgeCalls(name, mesh, seed, lab, verdicts, leavesOut);
        if (keptAs !== undefined) kept.add(keptAs, { name: running.name, seed, seen });
        await tls.judged(seen, lab, verdicts);
        await besides?.({ ...running, name }, lab);
        all.push(seen);
        return seen;
      };
      const example = holding.bookinfo ? await compiledBookinfo(verdicts) : undefined;
      if (example) await judged(example, 0);
      for (const seed of holding.seeds) {
        seeds.add(seed);
        const { graph, mesh, intents, platform } = randomMesh(seed, lab.outside.address);
        const [wrong] = disagreements(await judged({ name: `seed ${seed}`, graph, mesh }, seed));
        if (wrong)
          verdicts.say(
            `seed ${seed}, smallest: ${JSON.stringify(await smallest({ intents, graph, platform, call: wrong.call }, lab))}`,
          );
      }
      await judgeCapture(rig, verdicts);
      await judgeKeys(rig, (await answers?.()) ?? {}, verdicts);
    }, verdicts);
    const isWhole = everySeed.every((seed) => seeds.has(seed));
    // A few meshes are no record of a run, and need not meet everything that there is.
    const ofWhole: Verdicts = isWhole
      ? verdicts
      : { ...verdicts, fail: (what, why) => verdicts.say(`not seen in these meshes: ${what}: ${why}`) };
    if (isWhole) await kept.write();
    judgeSplits(all, verdicts);
    plantedFaults(all, ofWhole);
    judgeMutualTls(tally, verdicts);
    judgeCoverage(all, ofWhole);
  };

const common = [
  "Bookinfo",
  "30 random meshes",
  "splits",
  "planted faults",
  "mTLS on the wire",
  "no key is shown",
  "coverage of features",
];

const compiledBookinfo = async (verdicts: Verdicts): Promise<Running | undefined> => {
  const { value, diagnostics } = await compile(bookinfo);
  if (value === undefined) {
    verdicts.fail("policies/bookinfo compiles", diagnostics.map(({ message }) => message).join("; "));
    return undefined;
  }
  verdicts.pass("policies/bookinfo compiles");
  return { name: "bookinfo", graph: value.graph, mesh: value.mesh };
};
