import type { AccessRule, Authorization, Principals } from "../../../lib/model/authorization.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { PathMatch } from "../../../lib/model/route.ts";
import {
  typed,
  type HttpFilter,
  type NetworkFilter,
  type Permission,
  type RbacPolicy,
  type RbacPrincipal,
  type RbacRules,
} from "../messages.ts";
import type { Proxy } from "./proxy.ts";

/** Of which arrivals filters are asked: those on one port of the workload, or those on any. */
export type ArrivalPort = number | "any";

/** Denials first: Envoy goes through its filters in order. */
const actions = ["deny", "allow"] as const;

export const httpAuthorization = (proxy: Proxy, port: ArrivalPort): readonly HttpFilter[] =>
  actions.flatMap((action) => {
    const rules = rbacRules(proxy, action, port, "http");
    return rules === undefined
      ? []
      : [
          {
            name: `envoy.filters.http.rbac.${action}`,
            typedConfig: typed("envoy.extensions.filters.http.rbac.v3.RBAC", { rules }),
          },
        ];
  });

/** What of it can be asked of a connection: a rule about requests never holds of one. */
export const networkAuthorization = (proxy: Proxy, port: ArrivalPort): readonly NetworkFilter[] =>
  actions.flatMap((action) => {
    const rules = rbacRules(proxy, action, port, "connection");
    return rules === undefined
      ? []
      : [
          {
            name: `envoy.filters.network.rbac.${action}`,
            typedConfig: typed("envoy.extensions.filters.network.rbac.v3.RBAC", { rules, statPrefix: `tcp.${action}` }),
          },
        ];
  });

const rbacRules = (
  { mesh, workload }: Proxy,
  action: Authorization["action"],
  port: ArrivalPort,
  asked: "http" | "connection",
): RbacRules | undefined => {
  const all = lookup(mesh)
    .authorizations(workload)
    .filter((authorization) => authorization.action === action);
  const rules = all
    .flatMap((authorization) => authorization.rules)
    .filter(
      ({ ports, methods, paths }) =>
        (port === "any" || ports === "any" || ports.includes(port)) &&
        (asked === "http" || (methods === "any" && paths === "any")),
    );
  // Nobody says who may: everybody may. Somebody says so, if only elsewhere: nobody else may.
  if (all.length === 0 || (action === "deny" && rules.length === 0)) return undefined;
  return {
    action: action === "allow" ? "ALLOW" : "DENY",
    ...(rules.length > 0 && {
      policies: Object.fromEntries(rules.map((rule, index) => [String(index), policy(rule, port)])),
    }),
  };
};

const policy = (rule: AccessRule, port: ArrivalPort): RbacPolicy => {
  const conditions: Permission[] = [
    ...(port === "any" && rule.ports !== "any"
      ? [anyOf(rule.ports.map((destinationPort) => ({ destinationPort })))]
      : []),
    ...(rule.methods === "any"
      ? []
      : [anyOf(rule.methods.map((exact) => ({ header: { name: ":method", stringMatch: { exact } } })))]),
    ...(rule.paths === "any" || rule.paths.some(({ kind }) => kind === "any") ? [] : [anyOf(rule.paths.map(urlPath))]),
  ];
  return {
    permissions: [conditions.length === 0 ? { any: true } : { andRules: { rules: conditions } }],
    principals: [...principals(rule.from)],
  };
};

const anyOf = (rules: readonly Permission[]): Permission =>
  rules.length === 1 && rules[0] !== undefined ? rules[0] : { orRules: { rules: [...rules] } };

const urlPath = (match: PathMatch): Permission =>
  match.kind === "any" ? { any: true } : { urlPath: { path: { [match.kind]: match.value } } };

/** Who is authenticated has shown a certificate, and so has a SPIFFE id: no chain takes another one. */
const principals = (from: Principals): readonly RbacPrincipal[] => {
  if (from === "anyone") return [{ any: true }];
  if (from === "authenticated") return [{ authenticated: { principalName: { prefix: "spiffe://" } } }];
  return from.map(({ kind, id }) => ({ authenticated: { principalName: { [kind]: id } } }));
};
