import { setTimeout as sleep } from "node:timers/promises";
import type { Sender } from "../../laboratory/sender.ts";
import type { Observed } from "../../laboratory/oracle/observation.ts";
import type { SteadyCall } from "./cases.ts";

/** What was seen of calls that come out alike before and after. */
export interface TrafficSeen {
  readonly sent: number;
  readonly ms: number;
  /** Calls that failed though they were to be delivered, or got through though they were to be refused; in words. */
  readonly broken: readonly string[];
}

const tickMs = 100;
const perTick = 40;
/** A rig that does not keep up is not asked for more. */
const mostUnderWay = 1600;

/** Sends the calls over and over until `stop`, which tells what was seen once all have been answered. */
export const steadyTraffic = (
  calls: readonly SteadyCall[],
  send: Sender,
): { readonly stop: () => Promise<TrafficSeen> } => {
  const broken: string[] = [];
  // As many of each, however many there are.
  const kinds = [...Map.groupBy(calls, ({ delivered, isFragile }) => `${delivered} ${isFragile}`).values()];
  const began = performance.now();
  const pending = new Set<Promise<void>>();
  const stopping = new AbortController();
  let [next, sent, underWay] = [0, 0, 0];

  const batch = async (): Promise<void> => {
    const mine = Array.from({ length: perTick }, (_, index) => {
      const from = kinds[index % kinds.length]!;
      return from[Math.floor((next + index) / kinds.length) % from.length]!;
    });
    next += perTick;
    sent += perTick;
    underWay += perTick;
    const at = Math.round(performance.now() - began);
    const observed = await send(mine.map(({ call }) => ({ call })));
    underWay -= perTick;
    observed.forEach((seen, index) => {
      const { call, delivered } = mine[index]!;
      if (reached(seen) !== delivered)
        broken.push(`${at} ms: ${delivered ? "failed" : "got through"} (${inWords(seen)}): ${JSON.stringify(call)}`);
    });
  };
  const loop = async (): Promise<void> => {
    for (let tick = 1; !stopping.signal.aborted; tick += 1) {
      if (underWay < mostUnderWay) {
        const one = batch();
        pending.add(one);
        void one.then(
          () => pending.delete(one),
          () => {},
        );
      }
      await sleep(Math.max(0, began + tick * tickMs - performance.now()));
    }
  };
  const looping = loop();
  return {
    stop: async () => {
      stopping.abort();
      await looping;
      const ms = performance.now() - began;
      await Promise.all(pending);
      return { sent, ms, broken };
    },
  };
};

const reached = (seen: Observed): boolean =>
  seen.kind === "connected" || (seen.kind === "response" && seen.echo !== undefined);

const inWords = (seen: Observed): string =>
  seen.kind === "failed" ? seen.reason : seen.kind === "response" ? String(seen.status) : `reached ${seen.workload}`;
