import { setTimeout as sleep } from "node:timers/promises";
import type { MeshWorkload } from "../../lib/model/mesh.ts";
import type { KeptProcess } from "./processes.ts";
import type { Standing } from "./standing.ts";

type Refused = Extract<Standing, { readonly kind: "refused" }>;

interface Waited {
  readonly workload: Pick<MeshWorkload, "id">;
  readonly process: Pick<KeptProcess, "givenUp">;
}

export type Settled =
  | { readonly kind: "all have it" }
  /** In words: which proxy, and why. */
  | { readonly kind: "refused" | "too late"; readonly reason: string };

/** Where a refused line stands is found by another evaluation: a second or so. */
const locatedMs = 3000;
const everyMs = 20;

export interface SettledOptions<P> {
  readonly standing: (proxy: P) => Promise<Standing>;
  readonly isStopping: () => boolean;
  /** Without any proxy more that has it for so long, it is too late. */
  readonly patienceMs: number;
}

/** Until all proxies go by the newest revision, or one refuses it. */
export const settled = async <P extends Waited>(
  proxies: readonly P[],
  { standing, isStopping, patienceMs }: SettledOptions<P>,
): Promise<Settled> => {
  let waiting = proxies;
  let until = performance.now() + patienceMs;
  while (!isStopping()) {
    const now = await Promise.all(waiting.map(async (proxy) => ({ proxy, found: await standing(proxy) })));
    for (const { proxy, found } of now)
      if (found.kind === "refused") {
        const why = await located(found, () => standing(proxy));
        return { kind: "refused", reason: `the proxy of ${proxy.workload.id} refuses its configuration: ${why}` };
      }
    const left = now.flatMap(({ proxy, found }) => (found.kind === "has it" ? [] : [proxy]));
    if (left.length < waiting.length) until = performance.now() + patienceMs;
    waiting = left;
    if (waiting.length === 0) return { kind: "all have it" };
    for (const { workload, process } of waiting) {
      const how = process.givenUp();
      if (how !== undefined) return { kind: "too late", reason: `the proxy of ${workload.id} does not run: ${how}` };
    }
    if (performance.now() > until) break;
    await sleep(everyMs);
  }
  return { kind: "too late", reason: `the proxy of ${waiting[0]?.workload.id} does not take its configuration` };
};

/** The words of a refusal, with the lines that made what is refused where they are found soon. */
const located = async (first: Refused, again: () => Promise<Standing>): Promise<string> => {
  let { reason, at } = first;
  for (
    const until = performance.now() + locatedMs;
    at.length === 0 && performance.now() < until;
    await sleep(everyMs)
  ) {
    const now = await again();
    if (now.kind === "refused") ({ reason, at } = now);
  }
  return `${reason}${at.length > 0 ? ` (${at.join(", ")})` : ""}`;
};
