import { applySet } from "../../../runtime/gitops/inventory/index.ts";
import { keyOf, type KubeObject } from "../../rig/kube.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import {
  allValues,
  built,
  chart,
  kubeconfig,
  meshSyncs,
  output,
  release,
  rendered,
  served,
  spec,
  valuesFile,
  type Surroundings,
} from "./surroundings.ts";

const theirs = { meshSync: { spec } };

/** What the chart and the base come to is what an API server takes; the last of them stays installed. */
export const manifests = async (verdicts: Verdicts, surroundings: Surroundings): Promise<void> => {
  const { server, api, packagers, folder } = surroundings;
  const { kube } = server;
  const parent = { ...meshSyncs, ...release };

  await judged(verdicts, "helm has nothing against the chart, by default and with every value", async () => {
    for (const values of [{}, theirs, allValues])
      await output(packagers.helm, "lint", "--strict", chart, "--values", valuesFile(folder, values));
    return undefined;
  });
  await judged(verdicts, "a value that the chart does not know is refused", async () =>
    output(packagers.helm, "lint", chart, "--values", valuesFile(folder, { replica: 3 })).then(
      () => "it was taken",
      () => undefined,
    ),
  );
  await judged(verdicts, "every value of the chart has its place in what it comes to", async () => {
    const text = JSON.stringify(await rendered(surroundings, allValues));
    const missing = leaves(allValues).filter((leaf) => !text.includes(leaf));
    return difference(missing, []);
  });
  await judged(verdicts, "the base says what the chart says by default", async () =>
    difference(compared(await built(surroundings)), compared([namespace, ...(await rendered(surroundings, {}))])),
  );

  await kube.apply([namespace]);
  const definition = (await rendered(surroundings, {})).filter(({ kind }) => kind === "CustomResourceDefinition");
  await judged(verdicts, "the API server takes all of both on trial, the definition first", async () => {
    const early = await refused(surroundings, [...(await rendered(surroundings, {})), ...(await built(surroundings))]);
    if (early !== undefined) return early;
    await kube.apply(definition);
    await served(surroundings, ["/apis/meshwright.dev/v1alpha1/meshsyncs"]);
    return refused(surroundings, [
      ...(await rendered(surroundings, theirs)),
      ...(await rendered(surroundings, allValues)),
    ]);
  });
  await judged(
    verdicts,
    "Kubernetes' strictest standard for pods has nothing against ours, and would have",
    async () => {
      const strict = "restricted";
      await kube.apply([
        {
          ...namespace,
          metadata: { name: strict, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
        },
      ]);
      for (const objects of [await built(surroundings), await rendered(surroundings, allValues)]) {
        const pod = podOf(objects, strict);
        const refusal = await kube.refusalOf(pod);
        if (refusal !== undefined) return refusal.message;
        const { securityContext: _left, ...loose } = pod.spec;
        if ((await kube.refusalOf({ ...pod, spec: loose })) === undefined)
          return "a pod that may run as root was taken too";
      }
      return undefined;
    },
  );

  const helm = async (...args: readonly string[]): Promise<string> =>
    output(packagers.helm, ...args, "--namespace", release.namespace, "--kubeconfig", await kubeconfig(surroundings));
  await judged(verdicts, "helm installs it, and what was stored says what was rendered", async () => {
    await helm("install", release.name, chart, "--values", valuesFile(folder, theirs));
    for (const object of await rendered(surroundings, theirs))
      if (
        (await kube.get(object.apiVersion, object.kind, object.metadata.namespace, object.metadata.name)) === undefined
      )
        return `${keyOf(object)} is not there`;
    const { spec: stored } = (await api.get(parent)) as { readonly spec?: unknown };
    return difference(stored, {
      consent: { adopt: false, empty: false, unsafe: false },
      interval: "1m",
      settle: "5s",
      settleTimeout: "2m",
      source: { branch: "main", path: "", url: spec.source.url },
      types: true,
    });
  });
  await judged(verdicts, "neither an upgrade nor an uninstallation takes the inventory away", async () => {
    const set = applySet({ api, parent, tooling: { name: "mesh-sync", version: "1.2.3" } });
    await set.widen({ kinds: [{ apiVersion: "networking.istio.io/v1", kind: "Sidecar" }], namespaces: ["shop"] });
    const inventory = async (): Promise<unknown> => {
      const { annotations, labels } = (await api.get(parent))?.metadata ?? {};
      return Object.entries({ ...annotations, ...labels }).filter(([key]) => key.startsWith("applyset."));
    };
    const before = await inventory();
    await helm("upgrade", release.name, chart, "--values", valuesFile(folder, allValues));
    const upgraded = await inventory();
    const { spec: stored } = (await api.get(parent)) as { readonly spec?: { readonly environment?: string } };
    if (stored?.environment !== "production") return "the upgrade did not change the MeshSync";
    await helm("uninstall", release.name);
    return difference([upgraded, await inventory()], [before, before]);
  });
  await judged(verdicts, "a MeshSync that nobody could follow is refused", async () => {
    const source = (more: object) => ({ ...spec, source: { ...spec.source, ...more } });
    const cases: Readonly<Record<string, object>> = {
      "spec.source.url": source({ url: "https://user:secret@git.invalid/mesh" }),
      "spec.interval": { ...spec, interval: "soon" },
      "spec.istiod[0]": { ...spec, istiod: ["10.0.0.7:15014"] },
      "spec.consents": { ...spec, consents: {} },
      "spec.source": {},
    };
    const wrong: string[] = [];
    for (const [field, told] of Object.entries(cases)) {
      const object = { ...meshSyncs, metadata: { namespace: release.namespace, name: "wrong" }, spec: told };
      const message = (await kube.refusalOf(object))?.message ?? "taken";
      if (!message.includes(field.replace("spec.consents", ".spec.consents"))) wrong.push(`${field}: ${message}`);
    }
    return difference(wrong, []);
  });
  await judged(verdicts, "the base is installed over what helm left", async () => {
    const stored = await kube.apply(await built(surroundings));
    return difference(stored.length, (await built(surroundings)).length);
  });
};

const namespace: KubeObject = { apiVersion: "v1", kind: "Namespace", metadata: { name: release.namespace } };

const refused = async ({ server }: Surroundings, objects: readonly KubeObject[]): Promise<string | undefined> => {
  for (const object of objects) {
    const refusal = await server.kube.refusalOf(object);
    if (refusal !== undefined) return `${keyOf(object)}: ${refusal.message}`;
  }
  return undefined;
};

/** Without what helm says of itself, in the order of their names. */
const compared = (objects: readonly KubeObject[]): unknown =>
  objects.map((object) => [keyOf(object), sorted(withoutHelm(object))] as const).sort(([a], [b]) => (a < b ? -1 : 1));

const ofHelm = ["app.kubernetes.io/managed-by", "app.kubernetes.io/version", "helm.sh/chart"];

const withoutHelm = (object: KubeObject): KubeObject => {
  const { labels, ...metadata } = object.metadata;
  if (labels === undefined) return object;
  const kept = Object.entries(labels).filter(([key]) => !ofHelm.includes(key));
  return { ...object, metadata: { ...metadata, labels: Object.fromEntries(kept) } };
};

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
};

/** As JSON has them. */
const leaves = (value: unknown): readonly string[] =>
  typeof value === "object" && value !== null
    ? Object.values(value).flatMap(leaves)
    : [typeof value === "string" ? JSON.stringify(value).slice(1, -1) : JSON.stringify(value)];

const podOf = (
  objects: readonly KubeObject[],
  inNamespace: string,
): KubeObject & { readonly spec: { readonly securityContext: unknown } } => {
  const deployment = objects.find(({ kind }) => kind === "Deployment") as unknown as {
    readonly spec: { readonly template: { readonly spec: { readonly securityContext: unknown } } };
  };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { namespace: inNamespace, name: "pod" },
    spec: deployment.spec.template.spec,
  };
};
