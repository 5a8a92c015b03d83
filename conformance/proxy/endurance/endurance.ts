import { Agent, get } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, runDirectory } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { stage, type Stage } from "./stage.ts";

const seconds = 30;
const perSecond = 400;

interface Tally {
  readonly statuses: Map<string, number>;
  readonly generations: Set<string>;
  readonly by: Set<string>;
}

/** Requests at a steady rate, whatever becomes of them. */
const load = (port: number): { readonly tally: Tally; readonly stop: () => Promise<void> } => {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const tally: Tally = { statuses: new Map(), generations: new Set(), by: new Set() };
  const state = { open: 0 };
  const counted = (status: string): void => {
    state.open -= 1;
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
  };
  const timer = setInterval(() => {
    state.open += 1;
    get({ host: "127.0.0.1", port, path: "/", agent, headers: { host: "server" } }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("error", (error) => counted(error.message));
      response.on("end", () => {
        const [by = "", generation = ""] = text.trim().split(" ");
        tally.by.add(by);
        tally.generations.add(generation);
        counted(String(response.statusCode));
      });
    }).on("error", (error) => counted(error.message));
  }, 1000 / perSecond);
  return {
    tally,
    stop: async () => {
      clearInterval(timer);
      for (const until = Date.now() + 10_000; state.open > 0 && Date.now() < until;) await sleep(20);
      agent.destroy();
    },
  };
};

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);

/**
 * Half a minute in which everything changes that may: a configuration each second, an endpoint that comes and goes, new
 * certificates, a worker that is killed. No request fails that policy and retries allow.
 */
export const enduranceChecks = async (verdicts: Verdicts): Promise<void> => {
  const running = await stage(join(runDirectory(), "endurance"));
  try {
    await eventually("the proxies serve", () => ready(running), { needs: [running.caller(), running.callee()] });
    const { tally, stop } = load(running.port);
    for (let second = 1; second <= seconds; second += 1) {
      running.configured(second, second % 3 === 0 ? 1 : 2);
      if (second % 5 === 0) await running.renewed();
      if (second % 10 === 5) {
        const [worker] = childrenOf(running.callee().pid);
        if (worker !== undefined) process.kill(worker, "SIGKILL");
      }
      await sleep(1000);
    }
    await stop();
    const good = tally.statuses.get("200") ?? 0;
    const bad = [...tally.statuses].filter(([status]) => status !== "200");
    const what = `endurance: ${good} requests through ${seconds} configurations, ${seconds / 5} renewals and 3 killed workers`;
    if (bad.length > 0) verdicts.fail(what, bad.map(([status, count]) => `${count}× ${status}`).join(", "));
    else if (good < (seconds * perSecond) / 4) verdicts.fail(what, "too few of them were made");
    else if (tally.generations.size < seconds || tally.by.size < 2)
      verdicts.fail(what, `only ${tally.generations.size} configurations and ${tally.by.size} endpoints were seen`);
    else verdicts.pass(what);
  } finally {
    await running.stop();
  }
};

const ready = async ({ port, admins }: Stage): Promise<true> => {
  for (const admin of admins) if (!(await fetch(`http://127.0.0.1:${admin}/readyz`)).ok) throw new Error("not ready");
  await new Promise<void>((resolve, reject) => {
    get({ host: "127.0.0.1", port, headers: { host: "server" } }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`answered ${response.statusCode}`));
    }).on("error", reject);
  });
  return true;
};
