import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseAllDocuments } from "yaml";
import { eventually } from "../../rig/process.ts";
import type { KubeObject } from "../../rig/kube.ts";
import type { Packagers } from "../../rig/packagers.ts";
import type { ClusterApi } from "../../../runtime/gitops/cluster/index.ts";
import type { LastingApiServer } from "../lasting-api-server.ts";
import { kubeconfigIn } from "../../rig/kubeconfig.ts";

export interface Surroundings {
  readonly server: LastingApiServer;
  /** Of somebody who may do everything. */
  readonly api: ClusterApi;
  readonly packagers: Packagers;
  readonly folder: string;
}

export const meshSyncs = { apiVersion: "meshwright.dev/v1alpha1", kind: "MeshSync" };
/** Of the release, of its service account and of its roles. */
export const release = { namespace: "mesh-sync", name: "mesh-sync" };

/** As the base has it, and the chart by default. */
export const rootNamespace = "istio-system";

export const installFolder = join(import.meta.dirname, "../../../install");
export const chart = join(installFolder, "chart");

export const spec = { source: { url: "https://git.invalid/shop/mesh" } };

/** Every value of the chart, none as it is by default. */
export const allValues = {
  image: "registry.invalid/meshwright@sha256:0000000000000000000000000000000000000000000000000000000000000000",
  imagePullPolicy: "Always",
  imagePullSecrets: [{ name: "registry" }],
  replicas: 3,
  meshSync: {
    spec: {
      source: { ...spec.source, branch: "release", path: "policies" },
      environment: "production",
      interval: "30s",
      types: false,
      istiod: ["http://10.0.0.7:15014", "http://10.0.0.8:15014"],
      settleTimeout: "5m",
      settle: "1.5s",
      consent: { empty: true, unsafe: true, adopt: true },
    },
  },
  token: { secretName: "repository", key: "password", for: ["https://git.invalid"] },
  istiodAudience: "istiod.invalid",
  istiodTokenFor: ["http://10.0.0.7:15014", "http://10.0.0.8:15014"],
  rootNamespace: "istio-root",
  adminPort: 9090,
  extraArguments: ["--context", "a: b"],
  env: [{ name: "HTTPS_PROXY", value: "http://proxy.invalid:3128" }],
  resources: { requests: { cpu: "1" }, limits: { memory: "4Gi" } },
  scratch: "8Gi",
  nodeSelector: { "kubernetes.io/os": "linux" },
  tolerations: [{ key: "mesh", operator: "Exists" }],
  affinity: { nodeAffinity: {} },
  podAnnotations: { "prometheus.io/scrape": "true" },
  serviceAccountAnnotations: { "cloud.invalid/identity": "mesh" },
  networkPolicy: { enabled: true, ingressFrom: [{ podSelector: {} }], egressPorts: [443] },
};

/** What a tool printed; rejects with its words. */
export const output = async (command: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(command, [...args], { maxBuffer: 67_108_864 })).stdout;

/** A file of values, which are JSON and so YAML. */
export const valuesFile = (folder: string, values: object): string => {
  const file = join(mkdtempSync(join(folder, "values-")), "values.yaml");
  writeFileSync(file, JSON.stringify(values));
  return file;
};

export const objectsIn = (text: string): readonly KubeObject[] => {
  const documents = parseAllDocuments(text);
  if (!Array.isArray(documents)) throw new Error("there are no objects");
  return documents.map((document) => document.toJS() as KubeObject | null).filter((object) => object !== null);
};

export const rendered = async ({ packagers, folder }: Surroundings, values: object): Promise<readonly KubeObject[]> =>
  objectsIn(
    await output(
      packagers.helm,
      "template",
      release.name,
      chart,
      "--include-crds",
      "--namespace",
      release.namespace,
      "--values",
      valuesFile(folder, values),
    ),
  );

export const built = async ({ packagers }: Surroundings): Promise<readonly KubeObject[]> =>
  objectsIn(await output(packagers.kustomize, "build", join(installFolder, "kustomize")));

/** A definition is served a moment after it is stored. */
export const served = async ({ server }: Pick<Surroundings, "server">, kinds: readonly string[]): Promise<void> =>
  eventually("the definitions are served", async () => {
    const paths = new Set(kinds);
    for (const path of paths) await server.kube.raw("GET", path);
    return true;
  }).then(() => undefined);

/** Of the API server's administrator. */
export const kubeconfig = async ({ server, folder }: Pick<Surroundings, "server" | "folder">): Promise<string> => {
  const { headers } = await server.access().credentials();
  const token = (headers["authorization"] ?? "").replace("Bearer ", "");
  return kubeconfigIn(folder, { url: server.url, authority: server.authority, user: { token } });
};

export const istioDefinitions = (file: string): readonly KubeObject[] =>
  (JSON.parse(readFileSync(file, "utf8")) as readonly KubeObject[]).filter(({ metadata }) =>
    /\.(networking|security)\.istio\.io$/.test(metadata.name),
  );
