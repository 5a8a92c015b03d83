import type { Compiled } from "../../compiler/resolved.ts";
import { rolloutPlan, type Plan } from "../../compiler/rollout/plan.ts";
import { istio } from "../../targets/istio/index.ts";

/** How one commit's objects become another's in a cluster of the head's graph; nothing where either is no platform of Istio's. */
export const rolloutOf = (base: Compiled, { mesh, graph, platform }: Compiled): { readonly rollout?: Plan } => {
  if (istio.mismatches(platform).some(({ severity }) => severity === "error")) return {};
  const { value } = rolloutPlan(istio.emit(base.mesh), istio.emit(mesh), { graph, platform });
  return value === undefined ? {} : { rollout: value };
};
