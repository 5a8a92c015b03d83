import { boundaryCalls } from "../../golden/random/calls.ts";
import { random } from "../../golden/random/random.ts";
import type { Laboratory } from "../laboratory/laboratory.ts";
import { plainTextThrough } from "../laboratory/mutual-tls/plain-text.ts";
import { callees } from "../laboratory/mutual-tls/strict.ts";
import { disagreement } from "../laboratory/oracle/observation.ts";
import { observable } from "../laboratory/oracle/trials.ts";
import type { Running } from "../laboratory/suite.ts";
import type { MeshProxies } from "../rig/mesh-proxy/mesh-proxy.ts";
import type { Rig } from "../rig/rig.ts";
import type { Verdicts } from "../suite.ts";
import { distortions } from "./distortions.ts";
import { whyLeftOut } from "./left-out.ts";

/** Each is tried on so many meshes where it changes what proxies are told. */
const mostMeshes = 6;
const callsPerTry = 160;

export interface Planted {
  /** Tells the proxies of a running mesh something else, and holds what comes of it against the mesh; the truth is told again after. */
  readonly tried: (running: Running, lab: Laboratory) => Promise<void>;
  readonly judged: (verdicts: Verdicts) => void;
}

/** Whether the harness would notice a proxy that does something else than the mesh says. */
export const planted = (rig: Rig<MeshProxies>): Planted => {
  const tries = new Map<string, number>();
  const noticed = new Map<string, { readonly where: string; readonly count: number }>();
  const wrong = async ({ mesh }: Running, lab: Laboratory, seed: number): Promise<number> => {
    const calls = boundaryCalls(mesh, callsPerTry, random(seed)).filter(
      (call) => observable(mesh, call) && whyLeftOut(mesh, call) === undefined,
    );
    const seen = await lab.send(calls.map((call) => ({ call })));
    const strict = callees(mesh, "strict", lab);
    const plain = await Promise.all(strict.map((callee) => plainTextThrough(lab.bare, callee)));
    return calls.filter((call, index) => disagreement(mesh, call, seen[index]!)).length + plain.flat().length;
  };
  return {
    async tried(running, lab) {
      const { graph, mesh, name } = running;
      const told = rig.workloads().flatMap((pod) => (pod.proxy === undefined ? [] : [rig.plane.told(pod)]));
      const pending = distortions.filter(
        (one) =>
          !noticed.has(one.name) &&
          (tries.get(one.name) ?? 0) < mostMeshes &&
          told.some((config) => JSON.stringify(one.distorted(config)) !== JSON.stringify(config)),
      );
      for (const one of pending) {
        const before = tries.get(one.name) ?? 0;
        tries.set(one.name, before + 1);
        rig.plane.distort(one.distorted);
        await lab.update(graph, mesh);
        const count = await wrong(running, lab, before + 1);
        if (count > 0) noticed.set(one.name, { where: name, count });
      }
      rig.plane.distort(undefined);
      if (pending.length > 0) await lab.update(graph, mesh);
    },
    judged(verdicts) {
      for (const { name } of distortions) {
        const found = noticed.get(name);
        if (found)
          verdicts.pass(`planted in the configuration: ${name}, noticed ${found.count} times in ${found.where}`);
        else verdicts.fail(`planted in the configuration: ${name}`, `nobody noticed on ${tries.get(name) ?? 0} meshes`);
      }
    },
  };
};
