import { diagnostic } from "../../lib/diagnostics/catalog.ts";
import { defaultPlatform, type Platform } from "../../lib/graph/platform.ts";
import { below, isSet, report, section, type Findings } from "./field.ts";
import type { Manifest } from "./manifest.ts";
import { meshConfig } from "./mesh-config.ts";
import type { PodManifest } from "./workloads.ts";

/** The platform as its control plane's own objects say it: the mesh configuration, and istiod's Deployment. */
export const platformOf = (
  configMaps: readonly Manifest[],
  pods: readonly PodManifest[],
  revision: string | undefined,
  findings: Findings,
): Platform => {
  const configurations = configMaps.flatMap((manifest) => configuration(manifest) ?? []);
  const planes = pods.filter(isControlPlane);
  const chosen = theOne(configurations, revision, findings);
  if (configurations.length === 0) findings.push(diagnostic("MESH4026", {}));
  const wanted = revision ?? chosen?.revision;
  const plane =
    planes.find((pod) => revisionOf(pod) === (wanted ?? "default")) ??
    (wanted === undefined && planes.length === 1 ? planes[0] : undefined);
  const found = plane && described(plane);
  return {
    ...defaultPlatform,
    revision: wanted ?? (plane && revisionOf(plane)) ?? defaultPlatform.revision,
    ...(found?.version !== undefined && { version: found.version }),
    ...(found?.clusterDomain !== undefined && { clusterDomain: found.clusterDomain }),
    ...(chosen && meshConfig(chosen.manifest, chosen.config)),
  };
};

interface Configuration {
  readonly revision: string;
  readonly manifest: Manifest;
  readonly config: ReturnType<typeof below>;
}

/** istiod reads the ConfigMap `istio`, or `istio-<revision>`, of its own namespace. */
const configuration = (manifest: Manifest): Configuration | undefined => {
  if (!/^istio(-|$)/.test(manifest.name)) return undefined;
  const data = section(manifest.root, "data");
  const config = data && below(data, "mesh");
  if (config === undefined || !isSet(config)) return undefined;
  return { revision: manifest.name === "istio" ? "default" : manifest.name.slice("istio-".length), manifest, config };
};

const theOne = (
  configurations: readonly Configuration[],
  revision: string | undefined,
  findings: Findings,
): Configuration | undefined => {
  const fitting = configurations.filter((candidate) => revision === undefined || candidate.revision === revision);
  if (fitting.length === 1 || configurations.length === 0) return fitting[0];
  const revisions = [
    ...new Set((fitting.length > 0 ? fitting : configurations).map((candidate) => candidate.revision)),
  ].sort();
  if (fitting.length === 0) findings.push(diagnostic("MESH4024", { revisions, asked: revision }));
  else report(fitting[1]!.manifest.nameField, "MESH4024", { revisions, asked: undefined });
  return undefined;
};

const isControlPlane = ({ kind, labels }: PodManifest): boolean => kind === "Deployment" && labels["app"] === "istiod";

const revisionOf = ({ labels }: PodManifest): string => labels["istio.io/rev"] ?? "default";

const described = ({
  containers,
}: PodManifest): { readonly version?: string | undefined; readonly clusterDomain?: string | undefined } => {
  const istiod = containers.find(({ name }) => name === "discovery");
  if (istiod === undefined) return {};
  const domain = istiod.args.flatMap((arg, index) =>
    arg === "--domain"
      ? (istiod.args[index + 1] ?? [])
      : arg.startsWith("--domain=")
        ? arg.slice("--domain=".length)
        : [],
  );
  return { version: /:(\d+\.\d+\.\d+)(?![.\d])/.exec(istiod.image)?.[1], clusterDomain: domain[0] };
};
