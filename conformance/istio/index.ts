import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { syncedGraph } from "../../cli/graph/sync.ts";
import { dumpedDisagreements } from "../../golden/read-back.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import { defaultPlatform } from "../../lib/graph/platform.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { istio } from "../../targets/istio/index.ts";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { yamlStream, type Plain } from "../../targets/istio/yaml.ts";
import { serviceAddresses, type Laboratory } from "../laboratory/laboratory.ts";
import { foundOnRig } from "../laboratory/rigs.ts";
import { everySeed } from "../laboratory/seeds.ts";
import { bookinfo, meshSuite, type Running } from "../laboratory/suite.ts";
import { istiod, type Istiod } from "../rig/istiod/istiod.ts";
import { rigRequirements } from "../rig/requirements.ts";
import type { Rig } from "../rig/rig.ts";
import type { Suite, Verdicts } from "../suite.ts";
import { dumpedMtls } from "./dumped-mtls-verdicts.ts";
import { istioLaboratory } from "./laboratory.ts";
import { manifests } from "./manifests.ts";
import { meshConfig, seedsByMeshConfig } from "./mesh-config.ts";
import { pinnedObjects } from "./pinned-objects.ts";
import { sameBytes } from "./same-bytes.ts";

/** As a proxy of Istio's speaks where its own filter does not rewrite it (pkg/config/xds, `mtlsHTTPALPNs`, `mtlsTCPALPNs`). */
const alpn = { http: ["istio-http/1.1", "istio", "http/1.1"], tcp: ["istio"] };

const cases = [
  "traffic through captured connections",
  "mTLS as configured",
  "istioctl analyze",
  "the pinned Istio's own objects",
];

/**
 * Our objects on a real API server, read by a real istiod, obeyed by real Envoys: every answer must be one that `decide`
 * gave.
 */
export const istioMeshes = (seeds: readonly number[]): Suite =>
  meshSuite(cases, async (held, verdicts) => {
    const bookinfoConfig = meshConfig(defaultPlatform);
    for (const [config, mine] of seedsByMeshConfig(seeds, [bookinfoConfig]))
      await foundOnRig(istiod({ meshConfig: config }), config, verdicts, async (rig) => {
        const isFirst = config === bookinfoConfig;
        if (isFirst) {
          await pinnedObjects(rig.tools.istioFiles, verdicts);
          await bookinfoGraph(rig, verdicts);
        }
        await held(rig, {
          laboratory: istioLaboratory,
          alpn,
          keptAs: "istio",
          seeds: mine,
          bookinfo: isFirst,
          besides: (running, lab) => configured(rig, lab, running, verdicts),
        });
      });
  });

export const istioConformance: Suite = async (verdicts) => {
  await istioMeshes(everySeed)(verdicts);
  if (rigRequirements() === undefined) await sameBytes(verdicts);
};

const bookinfoGraph = async (rig: Rig<Istiod>, verdicts: Verdicts): Promise<void> => {
  const inputs = [
    join(rig.tools.istioFiles, "samples/bookinfo/platform/kube/bookinfo.yaml"),
    join(bookinfo, "manifests"),
  ];
  const synced = await syncedGraph(inputs, { mesh: bookinfo, namespace: "bookinfo", subsetLabel: "version" }, true);
  const law = "Bookinfo's graph is what the pinned Istio's own manifests say";
  if (synced.stale) verdicts.fail(law, synced.diagnostics.map(({ message }) => message).join("; "));
  else verdicts.pass(law);
};

/** What istiod and its Envoys were told, beside what they answer. */
const configured = async (
  rig: Rig<Istiod>,
  lab: Laboratory,
  { name, graph, mesh }: Running,
  verdicts: Verdicts,
): Promise<void> => {
  for (const why of await dumpedMtls(mesh, lab)) verdicts.fail(`${name}: mTLS as configured`, why);
  await analyzed(rig, name, graph, istio.emit(mesh), verdicts);
  await readBack(lab, name, graph, mesh, verdicts);
  if (name === "bookinfo") await plantedInConfiguration(rig, lab, graph, mesh, verdicts);
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
  return dumpedDisagreements(new Map(dumps), {
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
