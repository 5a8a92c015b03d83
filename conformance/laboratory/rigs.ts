import type { Plane, Site } from "../rig/plane.ts";
import { rig as startedRig, type Rig } from "../rig/rig.ts";
import type { Verdicts } from "../suite.ts";

/** What is found out on a rig of its own, which is stopped however that ends; `what` says in the log which one it is. */
export const foundOnRig = async <P extends Plane, T>(
  plane: (site: Site) => Promise<P>,
  what: string,
  verdicts: Verdicts,
  found: (rig: Rig<P>) => Promise<T>,
): Promise<T> => {
  const rig = await startedRig(plane);
  verdicts.say(`${what.trim().replace(/\s+/g, " ")}; logs in ${rig.directory}`);
  try {
    return await found(rig);
  } finally {
    await rig.stop();
  }
};

/** Nothing that was seen would mean much if requests had found a way around the proxies. */
export const judgeCapture = async (rig: Rig, verdicts: Verdicts): Promise<void> => {
  for (const pod of rig.workloads()) {
    if (pod.spec.kind !== "sidecar") continue;
    const { inbound, outbound } = await pod.captured();
    if (inbound + outbound === 0)
      verdicts.fail(pod.pod, `iptables captured ${outbound} outbound and ${inbound} inbound connections`);
    else verdicts.pass();
  }
};
