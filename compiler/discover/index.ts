import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import { failed, type Staged } from "../../lib/diagnostics/diagnostic.ts";
import type { Namespace, ServiceGraph, Workload } from "../../lib/graph/graph.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import { spanAt } from "../source-text.ts";
import { platformOf } from "./control-plane.ts";
import { below, labelsOf, report, section, type Findings } from "./field.ts";
import { proxyOf, type NamespaceManifest } from "./injection.ts";
import { manifestTexts, type ManifestText } from "./inputs.ts";
import { linkedService, servedPorts, workloadOf } from "./linked.ts";
import { manifestsIn, type Manifest } from "./manifest.ts";
import { serviceManifest } from "./services.ts";
import { isWorkloadKind, podManifest, type PodManifest } from "./workloads.ts";

export interface DiscoverOptions {
  /** The namespace of objects that name none, as `kubectl -n` has it. */
  readonly namespace?: string | undefined;
  /** The label whose values tell a service's subsets apart. */
  readonly subsetLabel?: string | undefined;
  /** The control plane that is meant, where the inputs hold several. */
  readonly revision?: string | undefined;
}

export interface Discovery {
  readonly graph: ServiceGraph;
  readonly platform: Platform;
  /** How many objects of which kinds were there and are no part of a graph, by kind. */
  readonly ignored: ReadonlyMap<string, number>;
}

/** What Kubernetes manifests say exists: the files, folders and (as `-`) standard input are read, then understood. */
export const discover = async (
  inputs: readonly string[],
  options: DiscoverOptions,
  {
    folder = process.cwd(),
    standardInput = process.stdin,
  }: { readonly folder?: string; readonly standardInput?: AsyncIterable<Uint8Array> } = {},
): Promise<Staged<Discovery>> => {
  const texts = await manifestTexts(inputs, { folder, standardInput });
  if (texts.value === undefined) return { value: undefined, diagnostics: texts.diagnostics };
  const found = discovery(texts.value, options);
  if (found.value === undefined || found.value.graph.services.length + found.value.graph.workloads.length > 0)
    return found;
  return { value: undefined, diagnostics: [...found.diagnostics, diagnostic("MESH4007", { inputs })] };
};

/** The same for texts that have been read: pure. */
export const discovery = (texts: readonly ManifestText[], options: DiscoverOptions): Staged<Discovery> => {
  const findings: Findings = [];
  const { manifests, ignored } = manifestsIn(texts, options.namespace ?? "default", findings);
  const of = (kind: string): readonly Manifest[] => manifests.filter((manifest) => manifest.kind === kind);

  const namespaces = new Map(of("Namespace").map((manifest) => [manifest.name, namespaceManifest(manifest)]));
  const services = of("Service").flatMap((manifest) => serviceManifest(manifest) ?? []);
  const pods = distinctPods(
    manifests.flatMap((manifest) =>
      isWorkloadKind(manifest.kind) ? (podManifest(manifest, manifest.kind) ?? []) : [],
    ),
  );
  const platform = platformOf(of("ConfigMap"), pods, options.revision, findings);
  reportAssumed(pods, namespaces);

  const servicesIn = Map.groupBy(services, ({ service }) => service.namespace);
  const workloads = pods.map((pod): Workload => {
    const proxy = proxyOf(pod, namespaces.get(pod.manifest.namespace));
    return workloadOf(pod, proxy, servedPorts(pod, proxy, servicesIn.get(pod.manifest.namespace) ?? []));
  });
  const workloadsIn = Map.groupBy(workloads, ({ namespace }) => namespace);
  const graph: ServiceGraph = {
    namespaces: mentioned(manifests, namespaces),
    services: services
      .map((service) =>
        linkedService(service, workloadsIn.get(service.service.namespace) ?? [], options.subsetLabel ?? "version"),
      )
      .sort(byName),
    workloads: [...workloads].sort(byName),
  };
  return {
    value: failed(findings) ? undefined : { graph, platform, ignored: new Map([...ignored].sort()) },
    diagnostics: findings,
  };
};

const namespaceManifest = (manifest: Manifest): NamespaceManifest => {
  const metadata = section(manifest.root, "metadata");
  return { manifest, labels: metadata ? labelsOf(below(metadata, "labels")) : {} };
};

/** Policies and handles name a workload without its kind. */
const distinctPods = (pods: readonly PodManifest[]): readonly PodManifest[] => {
  const known = new Map<string, PodManifest>();
  for (const pod of pods) {
    const earlier = known.get(pod.id);
    if (earlier) {
      const { nameField } = earlier.manifest;
      const related = [
        { message: `the ${earlier.kind} stands here`, place: { span: spanAt(nameField.text, nameField.range) } },
      ];
      report(pod.manifest.nameField, "MESH4012", { id: pod.id, kinds: [earlier.kind, pod.kind] }, related);
    } else known.set(pod.id, pod);
  }
  return [...known.values()];
};

const reportAssumed = (pods: readonly PodManifest[], namespaces: ReadonlyMap<string, NamespaceManifest>): void => {
  const reported = new Set<string>();
  for (const { manifest } of pods) {
    const { namespace } = manifest;
    if (namespaces.has(namespace) || reported.has(namespace)) continue;
    reported.add(namespace);
    report(manifest.nameField, "MESH4018", { namespace });
  }
};

/** Every namespace that something of the graph is in, or that has a manifest. */
const mentioned = (
  manifests: readonly Manifest[],
  given: ReadonlyMap<string, NamespaceManifest>,
): readonly Namespace[] => {
  const names = new Set([
    ...given.keys(),
    ...manifests.filter(({ kind }) => kind === "Service" || isWorkloadKind(kind)).map(({ namespace }) => namespace),
  ]);
  return [...names].sort().map((name) => ({ name, labels: given.get(name)?.labels ?? {} }));
};

const byName = (
  a: { readonly namespace: string; readonly name: string },
  b: { readonly namespace: string; readonly name: string },
): number => (a.namespace < b.namespace || (a.namespace === b.namespace && a.name < b.name) ? -1 : 1);
