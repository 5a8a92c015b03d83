import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compile } from "../../compiler/pipeline.ts";
import { syncedGraph } from "../../cli/graph/sync.ts";
import { randomMesh } from "../../golden/random/mesh.ts";
import { externalHost } from "../../golden/random/intents.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import { defaultPlatform } from "../../lib/graph/platform.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { istio } from "../../targets/istio/index.ts";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { yamlStream, type Plain } from "../../targets/istio/yaml.ts";
import { plantedFaults } from "../laboratory/faults/planted.ts";
import { judgeCalls, judgeCoverage, judgeSplits } from "../laboratory/judgement.ts";
import { serviceAddresses, type Laboratory } from "../laboratory/laboratory.ts";
import { disagreements, type Evidence } from "../laboratory/oracle/trials.ts";
import { judgeKeys } from "../laboratory/keys/index.ts";
import {
  judgeMutualTls,
  mutualTls,
  mutualTlsTally,
  type MutualTls,
  type MutualTlsTally,
} from "../laboratory/mutual-tls/index.ts";
import { foundOnRig, judgeCapture } from "../laboratory/rigs.ts";
import { smallest } from "../laboratory/smallest.ts";
import { istiod, type Istiod } from "../rig/istiod/istiod.ts";
import { rigRequirements } from "../rig/requirements.ts";
import type { Rig } from "../rig/rig.ts";
import type { Suite, Verdicts } from "../suite.ts";
import { dumpedMtls } from "./dumped-mtls-verdicts.ts";
import { istiodDisagreements } from "../xds/istiod-dumps.ts";
import { istioLaboratory } from "./laboratory.ts";
import { manifests } from "./manifests.ts";
import { pinnedObjects } from "./pinned-objects.ts";
import { regressionSeeds } from "./regressions.ts";
import { meshConfig, seedsByMeshConfig } from "./mesh-config.ts";
import { sameBytes } from "./same-bytes.ts";

const repository = join(import.meta.dirname, "..", "..");
const bookinfoHost = "www.googleapis.com";
/** As a proxy of Istio's speaks where its own filter does not rewrite it (pkg/config/xds, `mtlsHTTPALPNs`, `mtlsTCPALPNs`). */
const alpn = { http: ["istio-http/1.1", "istio", "http/1.1"], tcp: ["istio"] };
/** Thirty, and whichever others once came out otherwise. */
const everySeed = [...new Set([...Array.from({ length: 30 }, (_, index) => index + 1), ...regressionSeeds])];

const cases = [
  "traffic through captured connections",
  "Bookinfo",
  "30 random meshes",
  "splits",
  "mTLS as configured",
  "istioctl analyze",
  "the pinned Istio's own objects",
  "planted faults",
  "mTLS on the wire",
  "no key is shown",
  "coverage of features",
];

/**
 * Our objects on a real API server, read by a real istiod, obeyed by real Envoys: every answer must be one that `decide`
 * gave.
 */
export const istioSuite =
  (seeds: readonly number[]): Suite =>
  async (verdicts) => {
    const missing = rigRequirements();
    if (missing !== undefined) {
      for (const name of cases) verdicts.skip(name, missing);
      return;
    }
    const all: Evidence[] = [];
    const tally = mutualTlsTally();
    const bookinfoConfig = meshConfig(defaultPlatform);
    for (const [config, mine] of seedsByMeshConfig(seeds, [bookinfoConfig]))
      all.push(
        ...(await foundOnRig(istiod({ meshConfig: config }), config, verdicts, (rig) =>
          held(rig, mine, config === bookinfoConfig, tally, verdicts),
        )),
      );
    await sameBytes(verdicts);
    judgeSplits(all, verdicts);
    plantedFaults(all, verdicts);
    judgeMutualTls(tally, verdicts);
    judgeCoverage(all, verdicts);
  };

export const istioConformance: Suite = istioSuite(everySeed);

const held = async (
  rig: Rig<Istiod>,
  seeds: readonly number[],
  bookinfoToo: boolean,
  tally: MutualTlsTally,
  verdicts: Verdicts,
): Promise<readonly Evidence[]> => {
  const lab = await istioLaboratory(rig, [externalHost, bookinfoHost]);
  const tls = await mutualTls(rig.mesh, alpn, tally);
  const all: Evidence[] = [];
  if (bookinfoToo) await pinnedObjects(rig.tools.istioFiles, verdicts);
  const bookinfo = bookinfoToo ? await bookinfoMesh(rig, verdicts) : undefined;
  if (bookinfo) {
    all.push(await judged(rig, lab, tls, "bookinfo", bookinfo.graph, bookinfo.mesh, 0, verdicts));
    await plantedInConfiguration(rig, lab, bookinfo.graph, bookinfo.mesh, verdicts);
  }
  for (const seed of seeds) {
    const { graph, mesh, intents, platform } = randomMesh(seed, lab.outside.address);
    const seen = await judged(rig, lab, tls, `seed ${seed}`, graph, mesh, seed, verdicts);
    const [wrong] = disagreements(seen);
    if (wrong)
      verdicts.say(
        `seed ${seed}, smallest: ${JSON.stringify(await smallest({ intents, graph, platform, call: wrong.call }, lab))}`,
      );
    all.push(seen);
  }
  await judgeCapture(rig, verdicts);
  await judgeKeys(rig, {}, verdicts);
  return all;
};

const bookinfoMesh = async (
  rig: Rig<Istiod>,
  verdicts: Verdicts,
): Promise<{ readonly graph: ServiceGraph; readonly mesh: Mesh } | undefined> => {
  const folder = join(repository, "policies", "bookinfo");
  const inputs = [
    join(rig.tools.istioFiles, "samples/bookinfo/platform/kube/bookinfo.yaml"),
    join(folder, "manifests"),
  ];
  const synced = await syncedGraph(inputs, { mesh: folder, namespace: "bookinfo", subsetLabel: "version" }, true);
  if (synced.stale)
    verdicts.fail(
      "Bookinfo's graph is what its manifests say",
      synced.diagnostics.map(({ message }) => message).join("; "),
    );
  else verdicts.pass("Bookinfo's graph is what the pinned Istio's own manifests say");
  const { value, diagnostics } = await compile(folder);
  if (value === undefined)
    verdicts.fail("policies/bookinfo compiles against it", diagnostics.map(({ message }) => message).join("; "));
  else verdicts.pass("policies/bookinfo compiles against it");
  return value && { graph: value.graph, mesh: value.mesh };
};

/** Installs a mesh, sends requests at its boundaries, and holds every answer against `decide`. */
const judged = async (
  rig: Rig<Istiod>,
  lab: Laboratory,
  tls: MutualTls,
  name: string,
  graph: ServiceGraph,
  mesh: Mesh,
  seed: number,
  verdicts: Verdicts,
): Promise<Evidence> => {
  await lab.set(graph, mesh);
  const seen = await judgeCalls(name, mesh, seed, lab, verdicts);
  await tls.judged(seen, lab, verdicts);
  for (const why of await dumpedMtls(mesh, lab)) verdicts.fail(`${name}: mTLS as configured`, why);
  await analyzed(rig, name, graph, istio.emit(mesh), verdicts);
  await readBack(lab, name, graph, mesh, verdicts);
  return seen;
};

/** What istiod made of our objects, as its Envoys print it, means exactly what the mesh means: for every call, not for those we sent. */
const readBack = async (
  lab: Laboratory,
  name: string,
  graph: ServiceGraph,
  mesh: Mesh,
  verdicts: Verdicts,
): Promise<void> => {
  const wrong = await dumpDisagreements(lab, graph, mesh);
  for (const why of wrong.slice(0, 5)) verdicts.fail(`${name}: istiod's own output read back`, why);
  if (wrong.length === 0) verdicts.pass(`${name}: istiod's own output read back is no change in meaning`);
};

const dumpDisagreements = async (lab: Laboratory, graph: ServiceGraph, mesh: Mesh): Promise<readonly string[]> => {
  const proxied = mesh.workloads.filter(({ proxy }) => proxy !== "none");
  const dumps = await Promise.all(proxied.map(async ({ id }) => [id, await lab.pod(id).configDump()] as const));
  return istiodDisagreements(new Map(dumps), {
    graph,
    mesh,
    placement: {
      instances: Object.fromEntries(mesh.workloads.map(({ id }) => [id, [{ address: lab.pod(id).address }]])),
      addresses: Object.fromEntries([...serviceAddresses(graph)].map(([id, address]) => [id, [address]])),
    },
    isForeign: (resource) => resource.startsWith("rig-settled"),
  });
};

/** The oracles that read configuration must bite too: each is shown something false. */
const plantedInConfiguration = async (
  rig: Rig<Istiod>,
  lab: Laboratory,
  graph: ServiceGraph,
  mesh: Mesh,
  verdicts: Verdicts,
): Promise<void> => {
  const noticed = (what: string, bitten: boolean): void =>
    bitten ? verdicts.pass(`planted: ${what}, noticed`) : verdicts.fail(`planted: ${what}`, "nobody noticed");
  const elsewhere: Mesh = {
    ...mesh,
    mtls: mesh.mtls.map((rule) => ({ ...rule, mode: rule.mode === "strict" ? "permissive" : "strict" })),
  };
  noticed(
    "another mTLS mode than configured",
    (await dumpedMtls(elsewhere, lab)).some((why) => why.includes("takes connections")),
  );
  const narrower: Mesh = { ...mesh, scopes: mesh.scopes.map((scope) => ({ ...scope, hosts: scope.hosts.slice(1) })) };
  noticed(
    "a scope without one host",
    (await dumpedMtls(narrower, lab)).some((why) => why.includes("its scope is")),
  );
  const slower = JSON.parse(JSON.stringify(mesh).replaceAll('"timeout":"none"', '"timeout":7000')) as Mesh;
  noticed("a time limit that istiod was not told of", (await dumpDisagreements(lab, graph, slower)).length > 0);
  const open: Mesh = { ...mesh, authorizations: [] };
  noticed("authorizations that istiod was told of", (await dumpDisagreements(lab, graph, open)).length > 0);
  const unknown = istio
    .emit(mesh)
    .map((object) =>
      object.kind === "VirtualService"
        ? (JSON.parse(JSON.stringify(object).replaceAll('"subset":"v1"', '"subset":"v9"')) as KubernetesObject)
        : object,
    );
  noticed("a subset that does not exist, for istioctl analyze", (await analysis(rig, graph, unknown)) !== undefined);
};

/** `istioctl analyze` knows what Istio's makers warn of; it sees the graph's manifests too. */
const analyzed = async (
  rig: Rig<Istiod>,
  name: string,
  graph: ServiceGraph,
  objects: readonly KubernetesObject[],
  verdicts: Verdicts,
): Promise<void> => {
  const found = await analysis(rig, graph, objects);
  if (found !== undefined) verdicts.fail(`${name}: istioctl analyze`, found);
};

const analysis = async (
  rig: Rig<Istiod>,
  graph: ServiceGraph,
  objects: readonly KubernetesObject[],
): Promise<string | undefined> => {
  const folder = await mkdtemp(join(rig.directory, "analyze-"));
  const file = join(folder, "all.yaml");
  await writeFile(file, yamlStream([...manifests(graph), ...objects] as unknown as readonly Plain[]));
  const { code, output } = await rig.plane.istioctl([
    "analyze",
    "--use-kube=false",
    "--all-namespaces",
    "--failure-threshold",
    "Info",
    file,
  ]);
  return code === 0 && output.includes("No validation issues found") ? undefined : output.trim();
};
