import type { Call } from "../../lib/model/call.ts";
import { alpn } from "../../targets/xds/emit/tls.ts";
import { foundOnRig } from "../laboratory/rigs.ts";
import { everySeed } from "../laboratory/seeds.ts";
import { meshSuite, type Holding } from "../laboratory/suite.ts";
import { install, versions } from "../rig/install.ts";
import type { MeshControl } from "../rig/mesh-control/mesh-control.ts";
import { rigRequirements } from "../rig/requirements.ts";
import type { Rig } from "../rig/rig.ts";
import type { Suite } from "../suite.ts";
import { builtFiles } from "./files.ts";
import { hostileConformance } from "./hostile/index.ts";
import { identityConformance } from "./identity/index.ts";
import { xdsLaboratory } from "./laboratory.ts";
import { localMeshConformance } from "./local-mesh.ts";
import { loadConformance } from "./load/index.ts";
import { controlPlane, controlPlaneWith } from "./plane.ts";
import { protocolConformance } from "./protocol/index.ts";
import { scaleConformance } from "./scale/index.ts";

/** The same meshes and requests as on Istio, on Envoys that our own control plane feeds: every answer must be one that `decide` gave. */
export const xdsMeshes = (seeds: readonly number[]): Suite =>
  meshSuite([], async (held, verdicts) => {
    const holding = (rig: Rig<MeshControl>): Holding<MeshControl> => ({
      laboratory: xdsLaboratory,
      alpn: { http: [alpn.http], tcp: [alpn.tcp] },
      seeds,
      bookinfo: true,
      answers: () => answersOf(rig),
    });
    await foundOnRig(controlPlane, "mesh-control", verdicts, (rig) => held(rig, { ...holding(rig), keptAs: "xds" }));
    const { olderEnvoy } = await install();
    const older = `Envoy ${versions.olderEnvoy}`;
    await foundOnRig(controlPlaneWith({ binary: olderEnvoy }), `mesh-control, ${older}`, verdicts, (rig) =>
      held(rig, {
        ...holding(rig),
        seeds: seeds.slice(0, 2),
        where: ` (${older})`,
        leavesOut: (call) => (repeatsHeader(call) ? "a header that comes twice" : undefined),
      }),
    );
  });

export const xdsConformance: Suite = async (verdicts) => {
  await xdsMeshes(everySeed)(verdicts);
  // Without a rig the meshes' cases are told as skipped, and nothing of the rest can run.
  if (rigRequirements() !== undefined) return;
  await builtFiles(verdicts);
  await localMeshConformance(verdicts);
  await protocolConformance(verdicts);
  await identityConformance(verdicts);
  await hostileConformance(verdicts);
  await scaleConformance(verdicts);
  await loadConformance(verdicts);
};

/** All that the running control plane answers, of every proxy that it knows. */
const answersOf = async ({ plane, workloads }: Rig<MeshControl>): Promise<Readonly<Record<string, string>>> => {
  const paths = [
    "/debug/status",
    "/debug/clients",
    "/metrics",
    ...workloads().flatMap(({ proxy }) => (proxy === undefined ? [] : [`/debug/clients/${proxy}`])),
  ];
  return Object.fromEntries(await Promise.all(paths.map(async (path) => [path, await plane.debug(path)] as const)));
};

/**
 * Envoys before CVE-2026-26308 was fixed (1.36.4 is one) match a header that comes twice as one text joined by commas, and not
 * by each of its values: no configuration says otherwise, so such calls come out otherwise there.
 */
const repeatsHeader = ({ request }: Call): boolean =>
  request !== "connection" && new Set(request.headers.map(([name]) => name)).size < request.headers.length;
