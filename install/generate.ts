/** Writes what the chart and the kustomize base have in common: the definition of MeshSync, and what the program may do. */
import { readFileSync, writeFileSync } from "node:fs";
import { stringify } from "yaml";
import { definition } from "./source/definition.ts";
import { clusterRules, namespaceRules, rootRules } from "./source/rules.ts";

const text = (from: string, value: unknown): string =>
  `# Generated file: do not edit.\n# generator: install/generate.ts, from source/${from}\n${stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 })}`;
const role = (kind: "Role" | "ClusterRole", name: string, rules: unknown, namespace?: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind,
  metadata: {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: { "app.kubernetes.io/name": "mesh-sync", "app.kubernetes.io/instance": "mesh-sync" },
  },
  rules,
});
const files = {
  "chart/crds/meshsyncs.generated.yaml": text("definition.ts", definition),
  "kustomize/meshsyncs.generated.yaml": text("definition.ts", definition),
  "chart/rules/cluster.generated.yaml": text("rules.ts", clusterRules),
  // Names of a release, which the chart's template fills in.
  "chart/rules/namespace.generated.yaml": text("rules.ts", namespaceRules("{{ .Release.Name }}")),
  "chart/rules/root.generated.yaml": text(
    "rules.ts",
    rootRules("{{ .Release.Namespace }}-{{ .Release.Name }}-settled"),
  ),
  "kustomize/root-role.generated.yaml": text(
    "rules.ts",
    role("Role", "mesh-sync:mesh-sync", rootRules("mesh-sync-mesh-sync-settled"), "istio-system"),
  ),
  "kustomize/cluster-role.generated.yaml": text("rules.ts", role("ClusterRole", "mesh-sync:mesh-sync", clusterRules)),
  "kustomize/role.generated.yaml": text("rules.ts", role("Role", "mesh-sync", namespaceRules("mesh-sync"))),
};
const stale = Object.entries(files).filter(([name, wanted]) => {
  try {
    return readFileSync(new URL(name, import.meta.url), "utf8") !== wanted;
  } catch {
    return true;
  }
});
if (process.argv.includes("--check")) {
  if (stale.length > 0) throw new Error(`stale: ${stale.map(([name]) => name).join(", ")}; run npm run generate`);
} else for (const [name, wanted] of stale) writeFileSync(new URL(name, import.meta.url), wanted);
