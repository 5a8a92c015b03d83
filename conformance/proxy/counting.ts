import { setTimeout as sleep } from "node:timers/promises";
import type { Counting, Encrypted } from "../laboratory/mutual-tls/counters.ts";
import type { Workload } from "../rig/workload.ts";

/** Servers of the rig answer at most this late after the last time limit of a caller (`laboratory/scenarios.ts`). */
const quietMs = 500;

/** What arrived for the application so far, as requests or as connections that nobody looked into. */
const arrived = async (callee: Workload): Promise<Encrypted> => {
  let [all, encrypted] = [0, 0];
  for (const line of (await callee.admin("/metrics")).split("\n")) {
    if (!/^istio_(requests_total|tcp_connections_closed_total)\{/.test(line)) continue;
    if (!line.includes('reporter="destination"')) continue;
    const count = Number(line.slice(line.lastIndexOf(" ") + 1));
    all += count;
    if (line.includes('connection_security_policy="mutual_tls"')) encrypted += count;
  }
  return { all, encrypted };
};

/** What came through, with how it came: failed handshakes are counted too, but nothing came through on them. */
export const meshProxyCounting: Counting = {
  handshakes: async (callee) => ({ handshake: (await arrived(callee)).encrypted }),
  // Who gives up ends its half of a connection, and what it asked for may still be answered and counted.
  quiet: async (callee) => {
    for (let before = -1, { all } = await arrived(callee); all !== before; { all } = await arrived(callee)) {
      before = all;
      await sleep(quietMs);
    }
  },
  carried: async (callee, before = { all: 0, encrypted: 0 }) => {
    const { all, encrypted } = await arrived(callee);
    return { all: all - before.all, encrypted: encrypted - before.encrypted };
  },
};
