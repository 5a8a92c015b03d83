import { lower } from "../../compiler/lower/index.ts";
import { callersCanTellWhoWantsMtls } from "../../compiler/validate/access/callers-can-tell-who-wants-mtls.ts";
import type { Intents } from "../../compiler/lower/intents.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { WorkloadPolicy } from "../../lib/intent/index.ts";
import { defaultPlatform, type Platform } from "../../lib/graph/platform.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { randomGraph } from "./graph.ts";
import { randomIntents } from "./intents.ts";
import { random, streams } from "./random.ts";

export interface RandomMesh {
  readonly seed: number;
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  readonly intents: Intents;
  readonly mesh: Mesh;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * A mesh that some authors could have written, the same for the same seed; its external service stands at the address.
 * Some of them the laws refuse, as misleading: they have an exact meaning all the same. Only what Istio cannot carry out
 * is drawn no more: workloads of one service that disagree on mTLS where their namespace does without (MESH3011), half of
 * whose calls come out by chance.
 */
export const randomMesh = (seed: number, externalAddress = "192.0.2.10"): RandomMesh => {
  const choices = random(seed);
  // A stream of its own for the rarer shapes: whether there are any does not change the others.
  const rarer = random(seed + 0x9e3779b9);
  const graph = randomGraph(choices, rarer);
  const platform: Platform = {
    ...defaultPlatform,
    outbound: choices.one(["registry-only", "allow-any"]),
    pathNormalization: rarer.one(["base", "base", "base", "none", "merge-slashes", "decode-and-merge-slashes"]),
  };
  const drawn = randomIntents(graph, choices, rarer, streams(seed), externalAddress);
  const intents = canBeSaid(drawn, graph, platform) ? drawn : withoutWorkloadsModes(drawn);
  const { value, diagnostics } = lowered(intents, graph, platform);
  if (value === undefined) throw new Error(`seed ${seed} does not lower: ${JSON.stringify(diagnostics)}`);
  return { seed, graph, platform, intents, mesh: value, diagnostics };
};

const canBeSaid = (intents: Intents, graph: ServiceGraph, platform: Platform): boolean => {
  const { value } = lower(intents, graph, platform);
  return value === undefined || callersCanTellWhoWantsMtls({ ...intents, ...value, graph }).length === 0;
};

const withoutWorkloadsModes = (intents: Intents): Intents => ({
  ...intents,
  policies: intents.policies.map((authored) => {
    const { about, intent } = authored.intent;
    if (about.$kind !== "workload" || !("mtls" in intent)) return authored;
    const { mtls: _, ...rest } = intent;
    return { ...authored, intent: { ...authored.intent, intent: rest as WorkloadPolicy } };
  }),
});

/** As `lower`, without what it refuses as misleading though it has a meaning: an ingress route that is never reached. */
export const lowered: typeof lower = (intents, graph, platform) => {
  const { value, diagnostics } = lower(intents, graph, platform);
  return { value, diagnostics: diagnostics.filter(({ code }) => code !== "MESH2004") };
};
