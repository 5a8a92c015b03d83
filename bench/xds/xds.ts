import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rigRequirements } from "../../conformance/rig/requirements.ts";
import { type Bench, type Goal, isMet, machine } from "../result.ts";
import { preparedFolder } from "./folder.ts";
import { measured, typed } from "./measured.ts";
import { callers } from "./mesh.ts";

/** Leaving Istio must cost nobody time, memory or bandwidth: at most as much as istiod, with and without its wait for quiet. */
const goals: Readonly<Record<string, Goal>> = {
  route_change_last_ack_1_vs_istiod: { max: 1 },
  [`route_change_last_ack_${callers}_vs_istiod`]: { max: 1 },
  route_change_last_ack_1_vs_istiod_without_debounce: { max: 1 },
  [`route_change_last_ack_${callers}_vs_istiod_without_debounce`]: { max: 1 },
  memory_vs_istiod: { max: 1 },
  [`bytes_pushed_${callers}_vs_istiod`]: { max: 1 },
};

/**
 * A changed route on its way to 1 and to 200 proxies of a mesh of 1,000 services with scopes of ten, through our control
 * plane and through a real istiod that was given the same mesh: time to the last ACK, memory, bytes. istiod's proxies
 * come without TLS, which favours istiod.
 */
export const xdsBench: Bench = async () => {
  const missing = rigRequirements();
  if (missing !== undefined) throw new Error(`the bench needs a real istiod: ${missing}`);
  const before = machine();
  const scratch = mkdtempSync(join(tmpdir(), "meshwright-bench-xds-"));
  try {
    const folder = await preparedFolder(join(scratch, "mesh"));
    const sizes = folder.mesh.scopes.map(({ hosts }) => hosts.length);
    const holding = folder.mesh.scopes.filter(({ hosts }) => hosts.includes(folder.host)).length;
    console.log(
      `${sizes.length} scopes of ${Math.min(...sizes)}–${Math.max(...sizes)} services; ${holding} hold the changed one`,
    );
    const { istiodPlane } = await import("./istiod.ts");
    const istiod = await istiodPlane(folder);
    try {
      const state = join(scratch, "state");
      const figures = {
        ...(await measured(folder, istiod, state)),
        ...(await typed(folder, istiod, state)),
      };
      for (const [key, figure] of Object.entries(figures)) {
        const goal = goals[key];
        const verdict = goal === undefined ? "" : `  goal ≤ ${goal.max}: ${isMet(figure, goal) ? "met" : "NOT MET"}`;
        console.log(`${key.padEnd(60)} ${figure.toFixed(3)}${verdict}`);
      }
      const met = Object.entries(goals).every(([key, goal]) => isMet(figures[key as keyof typeof figures], goal));
      return { name: "xds", machine: before, figures, goals, ok: met };
    } finally {
      await istiod.stop();
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
};
