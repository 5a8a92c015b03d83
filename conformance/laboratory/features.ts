import type { AccessRule } from "../../lib/model/authorization.ts";
import type { Call } from "../../lib/model/call.ts";
import { decide } from "../../lib/model/decide/index.ts";
import type { Decision } from "../../lib/model/decide/decision.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { noEdits, type Match, type Route } from "../../lib/model/route.ts";

/** A feature of the language, and the same mesh as if it did not exist. */
export interface Feature {
  readonly name: string;
  readonly without: (mesh: Mesh) => Mesh;
}

const withRoutes = (mesh: Mesh, edit: (routes: readonly Route[]) => readonly Route[]): Mesh => ({
  ...mesh,
  destinations: mesh.destinations.map((destination) => ({
    ...destination,
    ports: destination.ports.map((port) => ({ ...port, routes: edit(port.routes) })),
  })),
  gateways: mesh.gateways.map((gateway) => ({
    ...gateway,
    listeners: gateway.listeners.map((listener) => ({
      ...listener,
      virtualHosts: listener.virtualHosts.map((host) => ({ ...host, routes: edit(host.routes) })),
    })),
  })),
});

const eachRoute =
  (edit: (route: Route) => Route) =>
  (mesh: Mesh): Mesh =>
    withRoutes(mesh, (routes) => routes.map(edit));
const eachMatch = (edit: (match: Match) => Match) =>
  eachRoute((route) => ({ ...route, matches: route.matches.map(edit) }));
const eachRule =
  (edit: (rule: AccessRule) => AccessRule) =>
  (mesh: Mesh): Mesh => ({
    ...mesh,
    authorizations: mesh.authorizations.map((one) => ({ ...one, rules: one.rules.map(edit) })),
  });
const withoutHeader = (kind: string) =>
  eachMatch((match) => ({ ...match, headers: match.headers.filter((header) => header.kind !== kind) }));
const withoutPath = (kind: string) =>
  eachMatch((match) => (match.path.kind === kind ? { ...match, path: { kind: "any" } } : match));

export const features: readonly Feature[] = [
  { name: "route by exact path", without: withoutPath("exact") },
  { name: "route by prefix", without: withoutPath("prefix") },
  { name: "route by exact header", without: withoutHeader("exact") },
  { name: "route by header prefix", without: withoutHeader("prefix") },
  { name: "route by present header", without: withoutHeader("present") },
  { name: "route by absent header", without: withoutHeader("absent") },
  { name: "route by header not exact", without: withoutHeader("not-exact") },
  { name: "route by header not prefix", without: withoutHeader("not-prefix") },
  { name: "order of routes", without: (mesh) => withRoutes(mesh, (routes) => [...routes].reverse()) },
  {
    name: "subset",
    without: eachRoute((route) => ({
      ...route,
      backends: route.backends.map((backend) => ({ ...backend, subset: "any" })),
    })),
  },
  { name: "weighted split", without: eachRoute((route) => ({ ...route, backends: route.backends.slice(0, 1) })) },
  {
    name: "direct response",
    without: (mesh) => withRoutes(mesh, (routes) => routes.filter(({ directResponse }) => directResponse === "none")),
  },
  {
    name: "body of a direct response",
    without: eachRoute((route) =>
      route.directResponse === "none" ? route : { ...route, directResponse: { ...route.directResponse, body: "" } },
    ),
  },
  { name: "timeout", without: eachRoute((route) => ({ ...route, timeout: "none" })) },
  { name: "retries", without: eachRoute((route) => ({ ...route, retries: "none" })) },
  { name: "request header edits", without: eachRoute((route) => ({ ...route, requestHeaders: noEdits })) },
  { name: "response header edits", without: eachRoute((route) => ({ ...route, responseHeaders: noEdits })) },
  {
    name: "allow",
    without: (mesh) => ({ ...mesh, authorizations: mesh.authorizations.filter(({ action }) => action !== "allow") }),
  },
  {
    name: "deny",
    without: (mesh) => ({ ...mesh, authorizations: mesh.authorizations.filter(({ action }) => action !== "deny") }),
  },
  { name: "authorization by caller", without: eachRule((rule) => ({ ...rule, from: "anyone" })) },
  { name: "authorization by method", without: eachRule((rule) => ({ ...rule, methods: "any" })) },
  { name: "authorization by path", without: eachRule((rule) => ({ ...rule, paths: "any" })) },
  {
    name: "path normalisation",
    without: (mesh) => ({ ...mesh, platform: { ...mesh.platform, pathNormalization: "none" } }),
  },
  {
    name: "dependency scope",
    without: (mesh) => ({
      ...mesh,
      scopes: mesh.scopes.map((scope) => ({ ...scope, hosts: mesh.destinations.map(({ host }) => host) })),
    }),
  },
  {
    name: "external HTTPS service",
    without: (mesh) => ({
      ...mesh,
      destinations: mesh.destinations.filter(({ kind }) => kind !== "external"),
      scopes: mesh.scopes.map((scope) => ({
        ...scope,
        hosts: scope.hosts.filter((host) =>
          mesh.destinations.some((destination) => destination.host === host && destination.kind !== "external"),
        ),
      })),
    }),
  },
  { name: "ingress", without: (mesh) => ({ ...mesh, gateways: [] }) },
];

/** What of a decision can be seen from outside: everything but the reasons. */
export const visible = (decision: Decision): string =>
  JSON.stringify(
    decision.branches.map(({ share, ends }) => [
      share,
      ends.map(({ workloads, outcome, treatments }) => ({
        workloads,
        outcome: { ...outcome, reason: undefined, by: undefined },
        treatments,
      })),
    ]),
  );

/** For each feature, how many calls meet a mesh that uses it, and how many would have come out differently without it. */
export interface Coverage {
  readonly name: string;
  readonly hit: number;
  readonly decisive: number;
}

export const coverage = (cases: readonly { readonly mesh: Mesh; readonly call: Call }[]): readonly Coverage[] => {
  const ablated = new Map<Mesh, readonly (Mesh | undefined)[]>();
  const counts = features.map(({ name }) => ({ name, hit: 0, decisive: 0 }));
  for (const { mesh, call } of cases) {
    const without = ablated.get(mesh) ?? features.map((feature) => changed(mesh, feature.without(mesh)));
    ablated.set(mesh, without);
    const meant = visible(decide({ client: mesh, server: mesh }, call));
    without.forEach((other, index) => {
      if (other === undefined) return;
      counts[index]!.hit += 1;
      if (visible(decide({ client: other, server: other }, call)) !== meant) counts[index]!.decisive += 1;
    });
  }
  return counts;
};

const changed = (mesh: Mesh, other: Mesh): Mesh | undefined =>
  JSON.stringify(mesh) === JSON.stringify(other) ? undefined : other;
