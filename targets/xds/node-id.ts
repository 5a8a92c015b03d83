import type { WorkloadId } from "../../lib/graph/graph.ts";

/** As a proxy names itself to the control plane; the copies of a workload are counted from 0. */
export const nodeId = ({
  workload,
  instance,
}: {
  readonly workload: WorkloadId;
  readonly instance: string | number;
}): string => `${workload}/${instance}`;
