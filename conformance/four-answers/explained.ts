import { unseen } from "../laboratory/judgement.ts";
import type { ExplainedLeaveOut, Explanation } from "./comparison.ts";

/** Differences that nobody will make alike. Each must be met in every whole run: else it is stale, and fails. */
export const explanations: readonly Explanation[] = [];

/** As `explanations`; what is left out for another reason fails too. */
export const leaveOuts: readonly ExplainedLeaveOut[] = [
  {
    planes: ["istio", "xds", "proxy"],
    what: unseen,
    why: "the rig routes services' addresses in proxies alone: in a cluster kube-proxy would answer, which no mesh speaks of",
  },
  {
    planes: ["proxy"],
    what: "calls that pass, on ports on which nothing is in scope",
    why: "mesh-proxy has no port for everything: the kernel refuses what Envoy would pass on (docs/mesh-proxy.md)",
  },
];
