import type { Placement } from "../../../lib/graph/placement.ts";

/** How an Envoy comes by what it is told: from a control plane's stream, or from files beside it that it watches. */
export type Delivery = "ads" | "files";

/** What the configuration of proxies depends on beside the mesh. */
export interface Surroundings {
  readonly placement: Placement;
  readonly delivery: Delivery;
  readonly accessLog: "stdout" | "none";
}
