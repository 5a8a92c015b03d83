import { expect } from "vitest";
import { defaultPlatform } from "../../graph/platform.ts";
import type { AccessRule, Authorization } from "../authorization.ts";
import type { Address, Call, HttpRequest } from "../call.ts";
import type { Destination, Mesh, MeshWorkload, MtlsRule, Scope, Selector } from "../mesh.ts";
import { noEdits, type Route } from "../route.ts";
import { decide } from "./index.ts";

export const origin = { module: "test.ts", path: [] };

export const workload = (id: string, more: Partial<MeshWorkload> = {}): MeshWorkload => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    id,
    namespace,
    name,
    labels: { app: name },
    identity: `spiffe://cluster.local/ns/${namespace}/sa/${name}`,
    proxy: "sidecar",
    excludedPorts: { inbound: [], outbound: [] },
    ports: [{ number: 8080, protocol: "http" }],
    ...more,
  };
};

export const route = (more: Partial<Route> = {}): Route => ({
  matches: [{ path: { kind: "any" }, headers: [] }],
  backends: [{ host: "server.shop.svc.cluster.local", port: 80, subset: "any", weight: 1 }],
  directResponse: "none",
  timeout: "none",
  retries: "none",
  requestHeaders: noEdits,
  responseHeaders: noEdits,
  origin,
  ...more,
});

export const destination = (routes: readonly Route[], more: Partial<Destination> = {}): Destination => ({
  host: "server.shop.svc.cluster.local",
  namespace: "shop",
  aliases: { anywhere: ["server.shop", "server.shop.svc"], sameNamespace: ["server"] },
  kind: "cluster",
  ports: [{ number: 80, name: "http", protocol: "http", target: 8080, tls: { mode: "mesh" }, routes }],
  subsets: [
    { name: "v1", labels: { version: "v1" }, workloads: ["shop/server-v1"] },
    { name: "v2", labels: { version: "v2" }, workloads: ["shop/server-v2"] },
  ],
  workloads: ["shop/server-v1", "shop/server-v2"],
  resolution: "platform",
  origin,
  ...more,
});

export const servers = {
  kind: "workloads",
  namespace: "shop",
  labels: {},
  workloads: ["shop/server-v1", "shop/server-v2"],
  name: "server",
} as const satisfies Selector;
export const rule = (more: Partial<AccessRule> = {}): AccessRule => ({
  from: "anyone",
  ports: "any",
  methods: "any",
  paths: "any",
  origin,
  ...more,
});
export const authorization = (
  action: "allow" | "deny",
  rules: readonly AccessRule[],
  selector: Selector = servers,
): Authorization => ({ selector, action, rules, origin });
export const scopeOf = (id: string, hosts: readonly string[]): Scope => ({
  selector: { kind: "workloads", namespace: id.split("/")[0] ?? "", labels: {}, workloads: [id], name: id },
  hosts,
});
export const mtls = (mode: MtlsRule["mode"], selector: Selector = { kind: "mesh" }): MtlsRule => ({
  selector,
  mode,
  origin,
});

export const mesh = (more: Partial<Mesh> & { readonly routes?: readonly Route[] } = {}): Mesh => {
  const { routes, ...rest } = more;
  return {
    platform: { ...defaultPlatform, outbound: "registry-only" },
    workloads: [
      workload("shop/client"),
      workload("shop/server-v1"),
      workload("shop/server-v2"),
      workload("other/legacy", { proxy: "none" }),
    ],
    destinations: [destination(routes ?? [route()])],
    gateways: [],
    authorizations: [],
    mtls: [mtls("permissive")],
    scopes: [scopeOf("shop/client", ["server.shop.svc.cluster.local"])],
    ...rest,
  };
};

const service: Address = { kind: "destination", host: "server.shop.svc.cluster.local" };
export const request = (more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  target: "/",
  host: "server",
  headers: [],
  ...more,
});
export const call = (more: Partial<HttpRequest> = {}, rest: Partial<Call> = {}): Call => ({
  from: "shop/client",
  to: service,
  port: 80,
  request: request(more),
  ...rest,
});
export const outcomes = (of: Mesh, what: Call) =>
  decide({ client: of, server: of }, what).branches.map(
    ({ share, ends }) => [`${share.numerator}/${share.denominator}`, ends.map(({ outcome }) => outcome)] as const,
  );
export const only = (of: Mesh, what: Call) => {
  const [branch, ...others] = decide({ client: of, server: of }, what).branches;
  expect(others).toEqual([]);
  expect(branch!.ends.length).toBe(1);
  return branch!.ends[0]!;
};
