import type { Labels, Workload } from "../../lib/graph/graph.ts";
import { below, report } from "./field.ts";
import type { Manifest } from "./manifest.ts";
import type { PodManifest } from "./workloads.ts";

/** A namespace as far as injection asks; no labels are known of one whose manifest is not among the inputs. */
export interface NamespaceManifest {
  readonly labels: Labels;
  readonly manifest: Manifest;
}

/** Istio injects nothing here, whatever the labels say (`pkg/kube/inject/initializer.go`). */
const systemNamespaces = new Set(["kube-system", "kube-public", "kube-node-lease", "local-path-storage"]);

/** How a workload takes part in the mesh, by Istio's rules (`pkg/kube/inject/inject.go`, the chart's webhook selectors). */
export const proxyOf = (pod: PodManifest, namespace: NamespaceManifest | undefined): Workload["proxy"] => {
  const written = writtenProxy(pod);
  const templates = pod.annotations[templatesKey]?.split(",").map((template) => template.trim());
  const refusal = written === undefined ? whyNotInjected(pod, namespace?.labels) : undefined;
  if (written === "gateway" || templates?.includes("gateway")) {
    if (refusal !== undefined) report(pod.manifest.nameField, "MESH4021", { workload: pod.id, why: refusal });
    return "gateway";
  }
  if (refusal !== undefined) {
    refuseAmbient(pod, namespace);
    return "none";
  }
  if (templates === undefined || templates.includes("sidecar")) return "sidecar";
  report(below(pod.annotationsField, templatesKey), "MESH4020", {
    object: pod.manifest.root.object,
    field: templatesKey,
    effect: `injects \`${templates.join(", ")}\` instead of a sidecar`,
  });
  return "none";
};

const templatesKey = "inject.istio.io/templates";

/** A proxy that stands in the manifest itself, as in a live pod or the output of `istioctl kube-inject`. */
const writtenProxy = ({ containers }: PodManifest): "sidecar" | "gateway" | undefined => {
  for (const { name, args } of containers) {
    if (args.includes("proxy") && args.includes("router")) return "gateway";
    if (name === "istio-proxy" && args.includes("proxy") && args.includes("sidecar")) return "sidecar";
  }
  return undefined;
};

/** The first reason for which the webhook is not called or does nothing; none if it injects. */
const whyNotInjected = (pod: PodManifest, namespace: Labels | undefined): string | undefined => {
  if (pod.hostNetwork) return "it uses the host's network";
  if (systemNamespaces.has(pod.manifest.namespace)) return "nothing is injected into a system namespace";
  const label = pod.labels["sidecar.istio.io/inject"];
  const wish = label ?? pod.annotations["sidecar.istio.io/inject"];
  if (wish !== undefined && wish !== "true" && wish !== "false" && wish !== "") {
    const where = label === undefined ? pod.annotationsField : pod.labelsField;
    report(below(where, "sidecar.istio.io/inject"), "MESH4025", { workload: pod.id, value: wish });
  }
  if (wish === "false") return "`sidecar.istio.io/inject` forbids it";
  if (namespace === undefined) return undefined;
  const injection = namespace["istio-injection"];
  if (injection !== undefined)
    return injection === "enabled" ? undefined : `its namespace says \`istio-injection: ${injection}\``;
  if (namespace["istio.io/rev"] !== undefined || label === "true" || pod.labels["istio.io/rev"] !== undefined)
    return undefined;
  return "its namespace has no label that asks for proxies";
};

/** A pod without a sidecar whose traffic a node's proxy would take: it has an identity and rules that the model does not have. */
const refuseAmbient = (pod: PodManifest, namespace: NamespaceManifest | undefined): void => {
  const key = "istio.io/dataplane-mode";
  const own = pod.labels[key];
  if (own === "ambient") report(below(pod.labelsField, key), "MESH4017", { what: pod.manifest.root.object });
  else if (own === undefined && namespace?.labels[key] === "ambient" && !pod.hostNetwork) {
    const labels = below(below(namespace.manifest.root, "metadata"), "labels");
    report(below(labels, key), "MESH4017", { what: pod.manifest.root.object });
  }
};
