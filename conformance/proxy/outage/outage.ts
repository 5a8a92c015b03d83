import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually, runDirectory } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { load } from "../load.ts";
import { scene } from "./scene.ts";

const perSecond = 200;
/** How long the control plane is gone. */
const goneMs = 3000;

/** Whoever carries traffic goes on by what it was told last, whatever becomes of who told it, and hears the next change. */
export const outageChecks = async (verdicts: Verdicts): Promise<void> => {
  const running = await scene(join(runDirectory(), "outage"));
  try {
    await eventually("the proxies were told", running.ready, { needs: running.proxies });
    const { answers, stop } = load(running.port, { host: "greeter", perSecond });
    /** Waits until so many in a row, the newest, were answered by one. */
    const settled = (by: string) =>
      eventually(`calls reach ${by} alone`, () => {
        const newest = answers.slice(-50);
        return Promise.resolve((newest.length === 50 && newest.every(({ body }) => body === by)) || undefined);
      });
    await settled("v1");
    running.split(100);
    await settled("v2");
    await running.killed();
    await eventually("the proxy notices", async () => !(await running.isConnected()) || undefined);
    const before = answers.length;
    // Nobody is there to tell it.
    running.split(0);
    await sleep(goneMs);
    const meanwhile = answers.slice(before);
    await running.started();
    await settled("v1");
    await stop();
    const bad = answers.filter(({ status }) => status !== "200");
    const what = `outage: ${answers.length} requests through a change, a control plane that is killed and one that is back with another`;
    if (bad.length > 0) verdicts.fail(what, `${bad.length} failed, the first with ${bad[0]?.status}`);
    else if (meanwhile.length < (goneMs / 1000) * perSecond * 0.25 || meanwhile.some(({ body }) => body !== "v2"))
      verdicts.fail(what, `${meanwhile.length} came meanwhile, not all to what was told last`);
    else verdicts.pass(what);
  } finally {
    await running.stop();
  }
};
