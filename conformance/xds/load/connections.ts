import type { Workload } from "../../rig/workload.ts";

/** Connections of the callers' proxies to others, counted by cluster since the proxy started. */
export interface UpstreamConnections {
  readonly destroyed: ReadonlyMap<string, number>;
  /** Which clusters lost a connection from here to there. */
  readonly torn: (later: UpstreamConnections) => readonly string[];
}

export const upstreamConnections = async (pods: readonly Workload[]): Promise<UpstreamConnections> => {
  const destroyed = new Map<string, number>();
  for (const pod of pods) {
    const stats = await pod.admin("/stats?filter=^cluster\\.outbound.*upstream_cx_destroy$");
    for (const line of stats.split("\n")) {
      const [name, count] = line.split(/: (?=\d+$)/);
      if (name !== undefined && count !== undefined) destroyed.set(`${pod.pod} ${name}`, Number(count));
    }
  }
  return {
    destroyed,
    torn: (later) =>
      [...later.destroyed].flatMap(([name, count]) => {
        const before = destroyed.get(name) ?? 0;
        return count > before ? [`${name}: ${count - before}`] : [];
      }),
  };
};
