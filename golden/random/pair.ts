import type { Intents } from "../../compiler/lower/intents.ts";
import { failed } from "../../lib/diagnostics/diagnostic.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { randomIntents } from "./intents.ts";
import { lowered, randomMesh, type RandomMesh } from "./mesh.ts";
import { random, streams, type Random } from "./random.ts";

export interface RandomPair {
  readonly before: RandomMesh;
  readonly after: RandomMesh;
}

/**
 * A mesh and what somebody made of it: a few policies rewritten, taken away or added; rarer, the mesh's defaults, the
 * platform's, or the graph itself changed (`graph: "same"` leaves both alone).
 */
export const randomPair = (seed: number, graph: "any" | "same" = "any", externalAddress = "192.0.2.10"): RandomPair => {
  const before = randomMesh(seed, externalAddress);
  const choices = random(seed ^ 0x5bd1e995);
  const after: Pick<RandomMesh, "graph" | "platform"> =
    graph === "any" && choices.chance(30)
      ? { graph: otherGraph(before.graph, choices), platform: otherPlatform(before.platform, choices) }
      : before;
  const others = randomIntents(
    before.graph,
    random(seed + 1_000_003),
    random(seed + 2_000_003),
    streams(seed + 1_000_003),
    externalAddress,
  );
  const intents = mixed(before.intents, others, choices);
  const { value, diagnostics } = lowered(intents, after.graph, after.platform);
  // What was taken away may be what something else leads to.
  if (value === undefined || failed(diagnostics)) return { before, after: before };
  return { before, after: { seed, ...after, intents, mesh: value, diagnostics } };
};

const mixed = (mine: Intents, theirs: Intents, choices: Random): Intents => {
  const keep = choices.one([50, 70, 90]);
  const modules = new Set([...mine.policies, ...theirs.policies].map(({ origin }) => origin.module));
  const policies = [...modules].flatMap((module) => {
    const from = choices.chance(keep) ? mine : choices.chance(85) ? theirs : undefined;
    return from?.policies.filter(({ origin }) => origin.module === module) ?? [];
  });
  return {
    config: choices.chance(10) ? theirs.config : mine.config,
    policies,
    externals: mine.externals,
    ingresses: choices.chance(70) ? mine.ingresses : theirs.ingresses,
  };
};

const otherGraph = (graph: ServiceGraph, choices: Random): ServiceGraph => {
  const kept = choices.chance(30) ? withoutOne(graph, choices) : graph;
  return {
    ...kept,
    workloads: kept.workloads.map((workload) => {
      if (workload.proxy === "gateway" || !choices.chance(25)) return workload;
      const kind = choices.below(3);
      if (kind === 0) return { ...workload, proxy: "none" };
      if (kind === 1) return { ...workload, serviceAccount: choices.one(["alpha", "beta", "gamma", "store"]) };
      return {
        ...workload,
        excludedPorts: {
          inbound: choices.chance(50) ? [8080] : [],
          outbound: choices.chance(50) ? [choices.one([80, 8000, 5432])] : [],
        },
      };
    }),
  };
};

/** The same without one version of a service. */
const withoutOne = (graph: ServiceGraph, choices: Random): ServiceGraph => {
  const versions = graph.services.filter(({ workloads }) => workloads.length > 1).flatMap(({ workloads }) => workloads);
  if (versions.length === 0) return graph;
  const gone = choices.one(versions);
  const others = (ids: readonly string[]): readonly string[] => ids.filter((id) => id !== gone);
  return {
    ...graph,
    workloads: graph.workloads.filter((workload) => `${workload.namespace}/${workload.name}` !== gone),
    services: graph.services.map((service) => ({
      ...service,
      workloads: others(service.workloads),
      subsets: service.subsets
        .map((subset) => ({ ...subset, workloads: others(subset.workloads) }))
        .filter(({ workloads }) => workloads.length > 0),
    })),
  };
};

const otherPlatform = (platform: Platform, choices: Random): Platform => ({
  ...platform,
  outbound: choices.chance(50) ? platform.outbound : choices.one(["registry-only", "allow-any"]),
});

/** The mesh alone, for whoever has no use for how it came about. */
export const meshesOf = ({ before, after }: RandomPair): readonly [before: Mesh, after: Mesh] => [
  before.mesh,
  after.mesh,
];
