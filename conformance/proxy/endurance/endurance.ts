import { get } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, runDirectory } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { load } from "../load.ts";
import { calleeWorkers, stage, type Stage } from "./stage.ts";

const seconds = 30;
const perSecond = 400;
/** Seconds from one to the next. */
const renewedEvery = 5;
const killedEvery = 10;

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
    const { answers, stop } = load(running.port, { host: "server", perSecond });
    const workers = (): readonly number[] => childrenOf(running.callee().pid);
    const killed = new Set<number>();
    let renewals = 0;
    for (let second = 1; second <= seconds; second += 1) {
      running.configured(second, second % 3 === 0 ? 1 : 2);
      const next = sleep(1000);
      if (second % renewedEvery === 0) {
        const serials = (await running.renewed()).join();
        await eventually("the callees prove themselves by what was renewed", async () =>
          (await running.served()).join() === serials ? true : undefined,
        );
        renewals += 1;
      }
      if (second % killedEvery === killedEvery / 2) {
        const [worker] = workers();
        if (worker !== undefined && process.kill(worker, "SIGKILL")) killed.add(worker);
      }
      await next;
    }
    await eventually("the callee has all of its workers", async () => {
      const alive = workers().filter((worker) => !killed.has(worker));
      return alive.length === calleeWorkers && (await ready(running)) ? true : undefined;
    });
    await stop();
    const statuses = Map.groupBy(answers, ({ status }) => status);
    const good = statuses.get("200") ?? [];
    const [by, generations] = [0, 1].map((part) => new Set(good.map(({ body }) => body.split(" ")[part])));
    const bad = [...statuses].filter(([status]) => status !== "200");
    const what = `endurance: ${good.length} requests through ${seconds} configurations, ${renewals} renewals and ${killed.size} killed workers`;
    if (bad.length > 0) verdicts.fail(what, bad.map(([status, { length }]) => `${length}× ${status}`).join(", "));
    else if (good.length < (seconds * perSecond) / 4) verdicts.fail(what, "too few of them were made");
    else if (renewals < seconds / renewedEvery || killed.size < seconds / killedEvery)
      verdicts.fail(
        what,
        `there should be ${seconds / renewedEvery} renewals and ${seconds / killedEvery} killed workers`,
      );
    else if (generations!.size < seconds || by!.size < 2)
      verdicts.fail(what, `only ${generations!.size} configurations and ${by!.size} endpoints were seen`);
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
