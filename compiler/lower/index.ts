import type { Staged } from "../../lib/diagnostics/diagnostic.ts";
import { at } from "../../lib/diagnostics/origin.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import { baseWorkloads } from "../../lib/model/base.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { authorizations } from "./authorizations.ts";
import { context } from "./context.ts";
import { destinations } from "./destinations.ts";
import { gateways } from "./gateways.ts";
import type { Intents } from "./intents.ts";
import { mtlsRules } from "./mtls-rules.ts";
import { scopes } from "./scopes.ts";
import { reportUnknownNamespace, reportUnknownSubject } from "./selector.ts";

/** Intent and graph become the mesh: every name resolved, every default written, every list in a total order. */
export const lower = (intents: Intents, graph: ServiceGraph, platform: Platform): Staged<Mesh> => {
  const { value: lookup, diagnostics } = context(graph, platform, intents);
  for (const { intent, origin } of intents.policies) reportUnknownSubject(intent.about, origin, lookup);
  // A handle made by hand could name anything, even a path.
  for (const { intent, origin } of [...intents.externals, ...intents.ingresses])
    reportUnknownNamespace(intent.namespace.$id, at(origin, "namespace"), lookup);
  const meshWorkloads = baseWorkloads(graph, platform);
  const meshDestinations = destinations(lookup);
  return {
    value: {
      platform,
      workloads: meshWorkloads,
      destinations: meshDestinations,
      gateways: gateways(meshDestinations, lookup),
      authorizations: authorizations(lookup),
      mtls: mtlsRules(lookup),
      scopes: scopes(meshWorkloads, meshDestinations, lookup),
    },
    diagnostics,
  };
};
