import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installLoadGenerator, installProxies } from "../../conformance/rig/install.ts";
import { type Bench, type Goal, isMet, machine } from "../result.ts";
import { backing } from "./backend.ts";
import { certificates } from "./certificates.ts";
import { checked } from "./checked.ts";
import type { Contestant } from "./contestants/contestant.ts";
import { envoy } from "./contestants/envoy.ts";
import { meshProxy } from "./contestants/mesh-proxy.ts";
import { haproxy, nginx } from "./contestants/reference.ts";
import { measured } from "./measured.ts";

/** Envoy's processor time for a request over ours; of the latency, ours over Envoy's. */
const goals: Readonly<Record<string, Goal>> = {
  small_plain_vs_envoy: { min: 1.8 },
  small_mtls_vs_envoy: { min: 1.5 },
  body_16k_vs_envoy: { min: 1.1 },
  body_1m_vs_envoy: { min: 0.8 },
  p99_half_load_vs_envoy: { max: 1 },
};

/**
 * What a request costs in mesh-proxy and in Envoy with the same rules, one thread each: authorization, routes of two hosts,
 * retries, a JSON access log, statistics, request ids. Requests arrive in plain text and leave in plain text or with mTLS,
 * as they do beside a caller. nginx and HAProxy, which only pass requests on, are shown and are no goal.
 */
export const proxyBench: Bench = async () => {
  const tools = await installProxies();
  const load = await installLoadGenerator();
  const before = machine();
  const directory = mkdtempSync(join(tmpdir(), "meshwright-bench-proxy-"));
  const contestants: Contestant[] = [];
  try {
    const { proxy: identity, backend } = await certificates(directory);
    const behind = await backing(tools, directory, backend);
    try {
      for (const started of [meshProxy, envoy, nginx, haproxy])
        contestants.push(await started({ tools, directory, origins: behind.origins, identity }));
      for (const contestant of contestants) await checked(contestant, behind);
      const figures = await measured(load, contestants);
      console.log();
      for (const [key, figure] of Object.entries(figures)) {
        const goal = goals[key];
        const bound = goal?.min === undefined ? `≤ ${goal?.max}` : `≥ ${goal.min}`;
        const verdict = goal === undefined ? "" : `  goal ${bound}: ${isMet(figure, goal) ? "met" : "NOT MET"}`;
        console.log(`${key.padEnd(40)} ${figure.toFixed(3)}${verdict}`);
      }
      const met = Object.entries(goals).every(([key, goal]) => isMet(figures[key], goal));
      return { name: "proxy", machine: before, figures, goals, ok: met };
    } finally {
      await Promise.all([behind.process, ...contestants.map(({ process }) => process)].map(({ stop }) => stop()));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};
