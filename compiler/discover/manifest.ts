import { isDnsLabel, isDnsSubdomain } from "../../lib/graph/kubernetes-name.ts";
import { spanAt } from "../source-text.ts";
import { yamlDocuments, type YamlNode } from "../yaml.ts";
import { below, isSet, itemsOf, refuseShape, report, section, textOf, type Field, type Findings } from "./field.ts";
import type { ManifestText } from "./inputs.ts";

/** One Kubernetes object of the inputs. */
export interface Manifest {
  readonly kind: string;
  /** `apps`; empty for the core group. */
  readonly group: string;
  readonly namespace: string;
  readonly name: string;
  readonly root: Field;
  readonly nameField: Field;
}

/** Of which kinds the graph is made, and by which rule they are named. Every other kind is counted, not read. */
const kinds: Readonly<
  Record<
    string,
    { readonly group: string; readonly named: "label" | "subdomain"; readonly scope: "namespace" | "cluster" }
  >
> = {
  Namespace: { group: "", named: "label", scope: "cluster" },
  Service: { group: "", named: "label", scope: "namespace" },
  ServiceAccount: { group: "", named: "subdomain", scope: "namespace" },
  ConfigMap: { group: "", named: "subdomain", scope: "namespace" },
  Pod: { group: "", named: "subdomain", scope: "namespace" },
  Deployment: { group: "apps", named: "subdomain", scope: "namespace" },
  StatefulSet: { group: "apps", named: "subdomain", scope: "namespace" },
  DaemonSet: { group: "apps", named: "subdomain", scope: "namespace" },
  ReplicaSet: { group: "apps", named: "subdomain", scope: "namespace" },
  Job: { group: "batch", named: "subdomain", scope: "namespace" },
  CronJob: { group: "batch", named: "subdomain", scope: "namespace" },
};

const controllers = new Set(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"]);

/** Groups whose objects change what a mesh does. */
const meshGroups = [
  "networking.istio.io",
  "security.istio.io",
  "telemetry.istio.io",
  "extensions.istio.io",
  "gateway.networking.k8s.io",
];

export interface Manifests {
  readonly manifests: readonly Manifest[];
  /** How many objects of which kinds were not read. */
  readonly ignored: ReadonlyMap<string, number>;
}

/** The objects in the texts: documents, and the items of lists. */
export const manifestsIn = (
  texts: readonly ManifestText[],
  defaultNamespace: string,
  findings: Findings,
): Manifests => {
  const manifests: Manifest[] = [];
  const ignored = new Map<string, number>();
  const foreign = new Map<string, Field[]>();
  const ignore = (kind: string): void => void ignored.set(kind, (ignored.get(kind) ?? 0) + 1);

  const take = (root: Field, inList?: { readonly kind: string | undefined; readonly apiVersion: string }): void => {
    if (root.node?.kind !== "map" && root.text.found) return ignore("document that is no object");
    if (root.node?.kind !== "map")
      return report(root, "MESH4008", { what: `it is ${root.node?.kind === "list" ? "a list" : "a single value"}` });
    const apiVersion = textOf(below(root, "apiVersion")) ?? inList?.apiVersion;
    const kind = textOf(below(root, "kind")) ?? inList?.kind;
    // Folders hold other files too: charts' values, package.json.
    if (apiVersion === undefined && kind === undefined && root.text.found) return ignore("document that is no object");
    if (apiVersion === undefined || kind === undefined)
      return report(root, "MESH4008", { what: `it has no \`${apiVersion === undefined ? "apiVersion" : "kind"}\`` });
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
    const items = below(root, "items");
    if (kind.endsWith("List") && items.node?.kind === "list") {
      for (const item of itemsOf(items))
        take(
          { ...item, object: "an item", path: "" },
          { kind: kind.slice(0, -"List".length) || undefined, apiVersion },
        );
      return;
    }
    if (meshGroups.includes(group)) foreign.set(kind, [...(foreign.get(kind) ?? []), below(root, "kind")]);
    const known = kinds[kind];
    if (known?.group !== group) return ignore(kind);
    const manifest = named({ ...root, object: `a ${kind}` }, kind, group, defaultNamespace);
    if (manifest === undefined) return;
    if (isOwned(manifest)) return ignore(`${kind} of a controller`);
    manifests.push(manifest);
  };

  for (const text of texts) {
    const documents = yamlDocuments(text);
    findings.push(...documents.diagnostics);
    for (const node of documents.value ?? []) take(rootField(text, node, findings));
  }
  for (const [kind, fields] of foreign) report(fields[0]!, "MESH4019", { kind, count: fields.length });
  return { manifests: distinct(manifests), ignored };
};

const rootField = (text: ManifestText, node: YamlNode, findings: Findings): Field => ({
  text,
  object: "this",
  path: "",
  node,
  range: node.range,
  findings,
});

const named = (root: Field, kind: string, group: string, defaultNamespace: string): Manifest | undefined => {
  const { named: rule, scope } = kinds[kind]!;
  const metadata = section(root, "metadata");
  if (metadata === undefined) return undefined;
  const nameField = isSet(below(metadata, "name")) ? below(metadata, "name") : below(metadata, "generateName");
  if (!isSet(nameField))
    return refuseShape(below(isSet(metadata) ? metadata : root, isSet(metadata) ? "name" : "metadata.name"), "set");
  const written = textOf(nameField);
  if (written === undefined) return undefined;
  // What the API server adds to a generated name is different each time: the graph knows it by what stays.
  const name = nameField.path === "metadata.generateName" ? written.replace(/-+$/, "") : written;
  const namespaceField = below(metadata, "namespace");
  const namespace = scope === "cluster" ? "" : isSet(namespaceField) ? textOf(namespaceField) : defaultNamespace;
  if (namespace === undefined) return undefined;
  if (!(rule === "label" ? isDnsLabel : isDnsSubdomain)(name)) {
    return report(nameField, "MESH4010", { what: `a ${kind}`, name, rule: dnsRule(rule) }) as undefined;
  }
  if (scope === "namespace" && !isDnsLabel(namespace)) {
    return report(namespaceField, "MESH4010", {
      what: "a namespace",
      name: namespace,
      rule: dnsRule("label"),
    }) as undefined;
  }
  const object = scope === "cluster" ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
  const at = { ...root, object };
  return { kind, group, namespace, name, root: at, nameField: { ...nameField, object } };
};

const dnsRule = (rule: "label" | "subdomain"): string =>
  rule === "label"
    ? "lower-case letters, digits and `-`, at most 63, with a letter or digit at both ends"
    : "a DNS name in lower case";

/** What a controller of the graph made says nothing that the controller does not say, and changes with every restart. */
const isOwned = ({ root }: Manifest): boolean => {
  const owners = below(below(root, "metadata"), "ownerReferences");
  return (
    owners.node?.kind === "list" &&
    itemsOf(owners).some((owner) => {
      const kind = below(owner, "kind").node;
      return kind?.kind === "scalar" && typeof kind.value === "string" && controllers.has(kind.value);
    })
  );
};

const distinct = (manifests: readonly Manifest[]): readonly Manifest[] => {
  const known = new Map<string, Manifest>();
  for (const manifest of manifests) {
    const { object } = manifest.root;
    const earlier = known.get(object);
    if (earlier) {
      const span = spanAt(earlier.nameField.text, earlier.nameField.range);
      report(manifest.nameField, "MESH4011", { object }, [{ message: "it stands here first", place: { span } }]);
    } else known.set(object, manifest);
  }
  return [...known.values()];
};
