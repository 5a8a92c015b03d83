import { join } from "node:path";
import { compile } from "../../compiler/pipeline.ts";
import { externalHost } from "../../golden/random/intents.ts";
import { randomMesh } from "../../golden/random/mesh.ts";
import { plantedFaults } from "../laboratory/faults/planted.ts";
import { judgeCalls, judgeCoverage, judgeSplits } from "../laboratory/judgement.ts";
import { disagreements, type Evidence } from "../laboratory/oracle/trials.ts";
import { judgeKeys } from "../laboratory/keys/index.ts";
import { judgeMutualTls, mutualTls, mutualTlsTally, type MutualTlsTally } from "../laboratory/mutual-tls/index.ts";
import { foundOnRig, judgeCapture } from "../laboratory/rigs.ts";
import { smallest } from "../laboratory/smallest.ts";
import { regressionSeeds } from "../istio/regressions.ts";
import type { MeshControl } from "../rig/mesh-control/mesh-control.ts";
import { install, versions } from "../rig/install.ts";
import { rigRequirements } from "../rig/requirements.ts";
import type { Rig } from "../rig/rig.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Suite, Verdicts } from "../suite.ts";
import { builtFiles } from "./files.ts";
import { hostileConformance } from "./hostile/index.ts";
import { identityConformance } from "./identity/index.ts";
import { alpn } from "../../targets/xds/emit/tls.ts";
import { xdsLaboratory } from "./laboratory.ts";
import { loadConformance } from "./load/index.ts";
import { controlPlane, controlPlaneWith } from "./plane.ts";
import { protocolConformance } from "./protocol/index.ts";
import { scaleConformance } from "./scale/index.ts";

const bookinfo = join(import.meta.dirname, "..", "..", "policies", "bookinfo");
const bookinfoHost = "www.googleapis.com";
/** The Istio suite's own. */
const everySeed = [...new Set([...Array.from({ length: 30 }, (_, index) => index + 1), ...regressionSeeds])];

const cases = [
  "Bookinfo",
  "30 random meshes",
  "splits",
  "planted faults",
  "mTLS on the wire",
  "no key is shown",
  "coverage of features",
];

/** The same meshes and requests as on Istio, on Envoys that our own control plane feeds: every answer must be one that `decide` gave. */
export const xdsSuite =
  (seeds: readonly number[]): Suite =>
  async (verdicts) => {
    const missing = rigRequirements();
    if (missing !== undefined) {
      for (const name of cases) verdicts.skip(name, missing);
      return;
    }
    const tally = mutualTlsTally();
    const all = await foundOnRig(controlPlane, "mesh-control", verdicts, (rig) => held(rig, seeds, tally, verdicts));
    const { olderEnvoy } = await install();
    await foundOnRig(
      controlPlaneWith({ binary: olderEnvoy }),
      `mesh-control, Envoy ${versions.olderEnvoy}`,
      verdicts,
      (rig) => held(rig, [1, 2], tally, verdicts, true),
    );
    judgeSplits(all, verdicts);
    plantedFaults(all, verdicts);
    judgeMutualTls(tally, verdicts);
    judgeCoverage(all, verdicts);
    await builtFiles(verdicts);
    await protocolConformance(verdicts);
    await identityConformance(verdicts);
    await hostileConformance(verdicts);
    await scaleConformance(verdicts);
    await loadConformance(verdicts);
  };

export const xdsConformance: Suite = xdsSuite(everySeed);

const held = async (
  rig: Rig<MeshControl>,
  seeds: readonly number[],
  tally: MutualTlsTally,
  verdicts: Verdicts,
  older = false,
): Promise<readonly Evidence[]> => {
  const lab = await xdsLaboratory(rig, [externalHost, bookinfoHost]);
  const tls = await mutualTls(rig.mesh, { http: [alpn.http], tcp: [alpn.tcp] }, tally);
  const where = older ? ` (Envoy ${versions.olderEnvoy})` : "";
  const isMeant = (call: Call): boolean => !older || !repeatsHeader(call);
  const all: Evidence[] = [];
  const { value, diagnostics } = await compile(bookinfo);
  if (value === undefined) verdicts.fail("policies/bookinfo", diagnostics.map(({ message }) => message).join("; "));
  else {
    await lab.set(value.graph, value.mesh);
    const seen = await judgeCalls(`bookinfo${where}`, value.mesh, 0, lab, verdicts, isMeant);
    await tls.judged(seen, lab, verdicts);
    all.push(seen);
  }
  for (const seed of seeds) {
    const { graph, mesh, intents, platform } = randomMesh(seed, lab.outside.address);
    await lab.set(graph, mesh);
    const seen = await judgeCalls(`seed ${seed}${where}`, mesh, seed, lab, verdicts, isMeant);
    await tls.judged(seen, lab, verdicts);
    const [wrong] = disagreements(seen);
    if (wrong)
      verdicts.say(
        `seed ${seed}, smallest: ${JSON.stringify(await smallest({ intents, graph, platform, call: wrong.call }, lab))}`,
      );
    all.push(seen);
  }
  await judgeCapture(rig, verdicts);
  await judgeKeys(rig, await answersOf(rig), verdicts);
  return all;
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
