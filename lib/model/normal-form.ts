import { carriesHttp } from "../graph/protocol.ts";
import type { AccessRule } from "./authorization.ts";
import { reachable } from "./coverage.ts";
import { fraction } from "./fraction.ts";
import { lookup } from "./lookup.ts";
import type { Destination, Mesh } from "./mesh.ts";
import type { Match, Route } from "./route.ts";

/**
 * A mesh as a plain value in which only what has a meaning is left: no origins, no names of rules, no order where order
 * decides nothing. Equal normal forms mean the same; different ones may still (the exact comparison is `lib/requests`).
 */
export const normalForm = (mesh: Mesh): unknown => {
  const { mtls, authorizations, scope } = lookup(mesh);
  return {
    platform: mesh.platform,
    destinations: mesh.destinations.map((destination) => destinationForm(destination, mesh)),
    gateways: mesh.gateways.map(({ workload, listeners }) => ({
      workload,
      listeners: listeners.map(({ port, target, virtualHosts }) => ({
        port,
        target,
        virtualHosts: virtualHosts.map(({ host, routes }) => ({
          host,
          routes: reachable(routes).map((route) => routeForm(route, mesh)),
        })),
      })),
    })),
    workloads: mesh.workloads.map((workload) => {
      const own = authorizations(workload);
      const rules = (action: "allow" | "deny") =>
        sorted(own.filter((one) => one.action === action).flatMap((one) => one.rules.map(ruleForm)));
      return {
        ...workload,
        mtls: workload.proxy === "sidecar" ? mtls(workload).mode : undefined,
        allow: own.some(({ action }) => action === "allow") ? rules("allow") : "anyone",
        deny: rules("deny"),
        scope: workload.proxy === "sidecar" ? (scope(workload.id)?.hosts ?? "everything") : undefined,
      };
    }),
  };
};

const destinationForm = (destination: Destination, mesh: Mesh): unknown => ({
  host: destination.host,
  namespace: destination.namespace,
  kind: destination.kind,
  workloads: destination.workloads,
  resolution: destination.resolution,
  ports: destination.ports.map(({ number, protocol, target, tls, routes }) => ({
    number,
    protocol,
    target,
    tls,
    routes: carriesHttp(protocol) ? reachable(routes).map((route) => routeForm(route, mesh)) : [],
  })),
});

/** Subsets are named by whom they hold: a name means nothing outside the routes that use it. */
const routeForm = (route: Route, mesh: Mesh): unknown => {
  const total = route.backends.reduce((sum, { weight }) => sum + weight, 0);
  return {
    matches: sorted(route.matches.map(matchForm)),
    backends: sorted(
      route.backends.map(({ host, port, subset, weight }) => ({
        host,
        port,
        workloads:
          subset === "any"
            ? "any"
            : (lookup(mesh)
                .destination(host)
                ?.subsets.find(({ name }) => name === subset)?.workloads ?? []),
        share: fraction(weight, total),
      })),
    ),
    directResponse: route.directResponse,
    timeout: route.timeout,
    retries: route.retries,
    requestHeaders: route.requestHeaders,
    responseHeaders: route.responseHeaders,
  };
};

const matchForm = ({ path, headers }: Match): unknown => ({ path, headers });

const ruleForm = ({ from, ports, methods, paths }: AccessRule): unknown => ({
  from: Array.isArray(from) ? sorted(from) : from,
  ports,
  methods,
  paths: paths === "any" || paths.some(({ kind }) => kind === "any") ? "any" : sorted(paths),
});

const sorted = (values: readonly unknown[]): readonly unknown[] =>
  [...new Map(values.map((value) => [JSON.stringify(value), value])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);
