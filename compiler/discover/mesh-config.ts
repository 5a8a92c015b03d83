import { defaultPlatform, type PathNormalization, type Platform } from "../../lib/graph/platform.ts";
import { embeddedDocuments } from "../yaml.ts";
import {
  below,
  flagOf,
  isMapping,
  isSet,
  refuseShape,
  report,
  section,
  textOf,
  wholeNumberOf,
  wordsOf,
  type Field,
} from "./field.ts";
import type { Manifest } from "./manifest.ts";

type Configured = Pick<
  Platform,
  | "rootNamespace"
  | "trustDomain"
  | "trustDomainAliases"
  | "outbound"
  | "pathNormalization"
  | "defaultRetries"
  | "autoMtls"
>;

const normalizations: Readonly<Record<string, PathNormalization>> = {
  DEFAULT: "base",
  NONE: "none",
  BASE: "base",
  MERGE_SLASHES: "merge-slashes",
  DECODE_AND_MERGE_SLASHES: "decode-and-merge-slashes",
};

/** What changes the meaning of a mesh and has no place in `Platform`. */
const unsaid: readonly {
  readonly path: readonly string[];
  readonly harmless: readonly string[];
  readonly effect: string;
}[] = [
  { path: ["discoverySelectors"], harmless: ["[]"], effect: "hides namespaces from the mesh" },
  { path: ["defaultServiceExportTo"], harmless: ['["*"]', "[]"], effect: "hides services from other namespaces" },
  { path: ["defaultVirtualServiceExportTo"], harmless: ['["*"]', "[]"], effect: "hides routes from other namespaces" },
  {
    path: ["defaultDestinationRuleExportTo"],
    harmless: ['["*"]', "[]"],
    effect: "hides destination rules from other namespaces",
  },
  {
    path: ["inboundTrafficPolicy", "mode"],
    harmless: ['"PASSTHROUGH"'],
    effect: "sends requests to the loopback address",
  },
  { path: ["defaultConfig", "interceptionMode"], harmless: ['"REDIRECT"', '"TPROXY"'], effect: "captures no traffic" },
  { path: ["serviceSettings"], harmless: ["[]"], effect: "keeps calls inside a cluster" },
];

/** What `data.mesh` says; what it leaves out is Istio's default (`DefaultMeshConfig`). */
export const meshConfig = (manifest: Manifest, mesh: Field): Configured | undefined => {
  if (mesh.node?.kind !== "scalar" || typeof mesh.node.value !== "string") return refuseShape(mesh, "text");
  const documents = embeddedDocuments(mesh.text, mesh.node);
  mesh.findings.push(...documents.diagnostics);
  if (documents.value === undefined) return undefined;
  const [node] = documents.value;
  const config: Field = {
    ...mesh,
    object: `the mesh configuration in ${manifest.root.object}`,
    path: "",
    node,
    range: node?.range ?? mesh.range,
  };
  if (!isMapping(config)) return undefined;
  for (const { path, harmless, effect } of unsaid) {
    const field = path.reduce(either, config);
    if (isSet(field) && !harmless.includes(JSON.stringify(plain(field))))
      report(field, "MESH4020", { object: config.object, field: path.join("."), effect });
  }
  return {
    rootNamespace: textOf(either(config, "rootNamespace")) ?? defaultPlatform.rootNamespace,
    trustDomain: textOf(either(config, "trustDomain")) ?? defaultPlatform.trustDomain,
    trustDomainAliases: [...new Set(wordsOf(either(config, "trustDomainAliases")))].sort(),
    outbound: outbound(config),
    pathNormalization: pathNormalization(config),
    defaultRetries: defaultRetries(config),
    autoMtls: flagOf(either(config, "enableAutoMtls")) ?? defaultPlatform.autoMtls,
  };
};

/** Protobuf's JSON reads a field under its name in either case. */
const either = (field: Field, name: string): Field => {
  const found = below(field, name);
  return found.node === undefined ? pick(field, name, found) : found;
};

const pick = (field: Field, name: string, missing: Field): Field => {
  const snake = below(
    field,
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
  );
  return snake.node === undefined ? missing : snake;
};

/** A mapping that is there but does not say the mode says the enum's zero, which is not Istio's default. */
const outbound = (config: Field): Platform["outbound"] => {
  const policy = either(config, "outboundTrafficPolicy");
  if (!isMapping(policy) || !isSet(policy)) return defaultPlatform.outbound;
  const mode = below(policy, "mode");
  const written = textOf(mode) ?? "REGISTRY_ONLY";
  if (written === "REGISTRY_ONLY") return "registry-only";
  if (written === "ALLOW_ANY_DYNAMIC_DNS")
    report(mode, "MESH4020", {
      object: config.object,
      field: mode.path,
      effect: "resolves unknown hosts in the proxy",
    });
  else if (written !== "ALLOW_ANY") refuseShape(mode, "ALLOW_ANY, REGISTRY_ONLY or ALLOW_ANY_DYNAMIC_DNS");
  return "allow-any";
};

const pathNormalization = (config: Field): PathNormalization => {
  const field = section(either(config, "pathNormalization"));
  const mode = field && below(field, "normalization");
  const written = (mode && textOf(mode)) ?? "DEFAULT";
  const found = Object.hasOwn(normalizations, written) ? normalizations[written] : undefined;
  if (found === undefined && mode) refuseShape(mode, Object.keys(normalizations).join(", "));
  return found ?? defaultPlatform.pathNormalization;
};

/** As `ConvertPolicy` in `route/retry/retry.go`: a policy without attempts switches retries off. */
const defaultRetries = (config: Field): Platform["defaultRetries"] => {
  const policy = either(config, "defaultHttpRetryPolicy");
  if (!isMapping(policy) || !isSet(policy)) return defaultPlatform.defaultRetries;
  for (const name of ["perTryTimeout", "retryRemoteLocalities", "retryIgnorePreviousHosts", "backoff"]) {
    const field = either(policy, name);
    if (isSet(field))
      report(field, "MESH4020", {
        object: config.object,
        field: `defaultHttpRetryPolicy.${name}`,
        effect: "changes how every route retries",
      });
  }
  const attempts = wholeNumberOf(below(policy, "attempts"), 0, 2 ** 31 - 1) ?? 0;
  if (attempts === 0) return { attempts: 0, on: [] };
  const on = (textOf(either(policy, "retryOn")) ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  return { attempts, on: on.length === 0 ? defaultPlatform.defaultRetries.on : on };
};

const plain = ({ node }: Field): unknown => {
  if (node?.kind === "list") return node.items.map((item) => (item.kind === "scalar" ? item.value : item.kind));
  return node?.kind === "scalar" ? node.value : node?.kind;
};
