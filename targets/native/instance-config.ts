import type { WorkloadId } from "../../lib/graph/graph.ts";
import type { ProxyConfig } from "./config.ts";

/** What the proxy of one copy of a workload is told. */
export interface InstanceConfig {
  readonly workload: WorkloadId;
  /** Which copy, by its place in the placement: each listens at an address of its own. */
  readonly instance: number;
  readonly config: ProxyConfig;
}
