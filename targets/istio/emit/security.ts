import type { AccessRule, Authorization, Principal } from "../../../lib/model/authorization.ts";
import type { Mesh, MtlsRule, Selector } from "../../../lib/model/mesh.ts";
import type { PathMatch } from "../../../lib/model/route.ts";
import { istioObject, type KubernetesObject } from "../object.ts";
import type { Plain } from "../yaml.ts";

const modes = { strict: "STRICT", permissive: "PERMISSIVE", disabled: "DISABLE" } as const;

export const peerAuthentication = ({ selector, mode }: MtlsRule, { platform }: Mesh): KubernetesObject => {
  const { name, namespace } = placeOf(selector, platform.rootNamespace);
  return istioObject("PeerAuthentication", namespace, name, {
    ...workloadSelector(selector),
    mtls: { mode: modes[mode] },
  });
};

export const authorizationPolicy = (
  { selector, action, rules }: Authorization,
  { platform }: Mesh,
): KubernetesObject => {
  const { name, namespace } = placeOf(selector, platform.rootNamespace);
  // No `rules` at all lets nobody in; `rules: [{}]` everybody.
  return istioObject("AuthorizationPolicy", namespace, `${name}-${action}`, {
    ...workloadSelector(selector),
    action: action === "allow" ? "ALLOW" : "DENY",
    ...(rules.length > 0 && { rules: rules.map(authorizationRule) }),
  });
};

const placeOf = (selector: Selector, rootNamespace: string): { readonly name: string; readonly namespace: string } => {
  switch (selector.kind) {
    case "mesh":
      return { name: "default", namespace: rootNamespace };
    case "namespace":
      return { name: "default", namespace: selector.namespace };
    case "workloads":
      // A service can be called what a namespace's own rule is called; no service's name has a dot.
      return { name: selector.name === "default" ? "default.service" : selector.name, namespace: selector.namespace };
  }
};

const workloadSelector = (selector: Selector): { readonly [field: string]: Plain } =>
  selector.kind === "workloads" ? { selector: { matchLabels: selector.labels } } : {};

const authorizationRule = (rule: AccessRule): { readonly [field: string]: Plain } => {
  const { from, ports, methods, paths } = rule;
  // INVARIANT: no list is empty, which Istio reads as "any": lowering refuses what would make one.
  for (const list of [from, ports, methods, paths])
    if (list.length === 0) throw new Error(`an authorization rule of ${rule.origin.module} has an empty list`);
  const source = from === "anyone" ? undefined : { principals: from === "authenticated" ? ["*"] : from.map(principal) };
  const operation = {
    ...(ports !== "any" && { ports: ports.map(String) }),
    ...(methods !== "any" && { methods }),
    ...(paths !== "any" && !paths.some(({ kind }) => kind === "any") && { paths: paths.map(path) }),
  };
  return {
    ...(source && { from: [{ source }] }),
    ...(Object.keys(operation).length > 0 && { to: [{ operation }] }),
  };
};

/** Istio leaves the scheme out of an identity, and reads a last `*` as "begins with". */
const principal = ({ kind, id }: Principal): string => `${id.replace("spiffe://", "")}${kind === "prefix" ? "*" : ""}`;

const path = (match: PathMatch): string =>
  "value" in match ? `${match.value}${match.kind === "prefix" ? "*" : ""}` : "*";
