import { setTimeout as sleep } from "node:timers/promises";
import type { Workload } from "./workload.ts";

/** Why something is not yet as it shall be: in words, and whether waiting is unlikely to help. */
export interface Behind {
  readonly why: string;
  readonly isRefusal: boolean;
}

export const waiting = (why: string): Behind => ({ why, isRefusal: false });
export const refusing = (why: string): Behind => ({ why, isRefusal: true });

/** A refusal may still speak of the configuration before. */
const refusalStaysMs = 2000;

/** Polls until a reason to wait is gone; the last reason tells why time ran out. A refusal that stays is final. */
export const gone = async (reason: () => Promise<Behind | undefined>, deadline: number): Promise<void> => {
  let refusedSince: number | undefined;
  for (;;) {
    const behind = await reason();
    if (behind === undefined) return;
    const now = performance.now();
    refusedSince = behind.isRefusal ? (refusedSince ?? now) : undefined;
    if (now > deadline || (refusedSince !== undefined && now - refusedSince > refusalStaysMs))
      throw new Error(`the mesh does not settle: ${behind.why}`);
    await sleep(15);
  }
};

/** Asks all at once; the first reason of any. */
export const first = async <T>(
  all: readonly T[],
  reason: (one: T) => Promise<Behind | undefined>,
): Promise<Behind | undefined> => (await Promise.all(all.map(reason))).find((behind) => behind !== undefined);

export const proxyOf = ({ proxy }: Workload): string => `the proxy of ${proxy}`;

export const proxied = (workloads: readonly Workload[]): readonly Workload[] =>
  workloads.filter(({ proxy }) => proxy !== undefined);

/** Throws where a proxy has ended: nothing would ever settle. */
export const alive = (workload: Workload): void => {
  const end = workload.process?.ended();
  if (end !== undefined) throw new Error(`${proxyOf(workload)} ended (${end}); see ${workload.process?.log}`);
};

/** What an Envoy acknowledged it may still be warming, while requests meet what it is draining. */
export const atWork = async (workload: Workload): Promise<Behind | undefined> => {
  const gauges = await workload.admin(
    "/stats?filter=^(cluster_manager.warming_clusters|listener_manager.total_(listeners_warming|listeners_draining|filter_chains_draining))$",
  );
  const busy = gauges.split("\n").find((line) => /: [1-9]/.test(line));
  return busy === undefined ? undefined : waiting(`${proxyOf(workload)} is still at work (${busy})`);
};
