import { setTimeout as sleep } from "node:timers/promises";
import { clients } from "./clients/clients.ts";
import type { Observed } from "./clients/messages.ts";
import { footprint } from "../../conformance/rig/footprint.ts";
import type { BenchPlane } from "./plane.ts";

/** One change as it went through one plane. */
export interface Change {
  readonly observed: Observed;
  /** Milliseconds from the start of the write to the plane's word that it had the change. */
  readonly taken: number | undefined;
  readonly memoryMebibytes: number;
  /** Of the plane's process, from the write until it was quiet again. */
  readonly processorMs: number;
}

const warmUps = 3;

/** The timeout of each change is another one, in every stage of a run: what was cached of an earlier one must not answer. */
let serial = 0;
const nextTimeout = () => {
  serial += 1;
  const milliseconds = 100 + serial;
  return { text: `20.${milliseconds}`, seconds: 20, nanos: milliseconds * 1_000_000 };
};

/**
 * Connects `count` proxies to each plane and changes one route again and again, in one plane after the other, each first
 * in every other round, so that the machine's noise hits both. The first rounds warm up and are thrown away.
 */
export const stage = async (
  planes: readonly BenchPlane[],
  count: number,
  rounds: number,
  inside: number,
): Promise<ReadonlyMap<BenchPlane, readonly Change[]>> => {
  const changes = new Map<BenchPlane, Change[]>(planes.map((plane) => [plane, []]));
  const proxies = clients(inside);
  try {
    for (const plane of planes) await proxies.connected(await plane.spec(count));
    await sleep(1000);
    for (let round = -warmUps; round < rounds; round += 1) {
      for (const plane of round % 2 === 0 ? planes : planes.toReversed()) {
        const { text, ...timeout } = nextTimeout();
        // Whatever a control plane does after a change, the next one finds it at rest.
        await sleep(1000);
        const before = footprint(plane.pid());
        const observed = await proxies.observed(plane.name, plane.write(text), timeout);
        const after = footprint(plane.pid());
        if (round < 0) continue;
        const taken = plane.takenAt();
        changes.get(plane)?.push({
          observed,
          taken: taken === undefined ? undefined : taken - observed.startedAt,
          memoryMebibytes: after.memoryMebibytes,
          processorMs: after.processorMs - before.processorMs,
        });
      }
    }
  } finally {
    await proxies.stop();
  }
  return changes;
};
