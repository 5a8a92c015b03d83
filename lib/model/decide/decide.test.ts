import { describe, expect, test } from "vitest";
import { defaultPlatform } from "../../graph/platform.ts";
import type { AccessRule, Authorization } from "../authorization.ts";
import type { Address, Call, HttpRequest } from "../call.ts";
import type { Destination, Mesh, MeshWorkload, MtlsRule, Scope, Selector } from "../mesh.ts";
import { noEdits, type Route } from "../route.ts";
import { decide } from "./index.ts";

const origin = { module: "test.ts", path: [] };

const workload = (id: string, more: Partial<MeshWorkload> = {}): MeshWorkload => {
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

const route = (more: Partial<Route> = {}): Route => ({
  matches: [{ path: { kind: "any" }, headers: [] }],
  backends: [{ host: "server.shop.svc.cluster.local", port: 80, subset: "any", weight: 1 }],
  timeout: "none",
  retries: "none",
  requestHeaders: noEdits,
  responseHeaders: noEdits,
  origin,
  ...more,
});

const destination = (routes: readonly Route[], more: Partial<Destination> = {}): Destination => ({
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

const servers: Selector = {
  kind: "workloads",
  namespace: "shop",
  labels: {},
  workloads: ["shop/server-v1", "shop/server-v2"],
  name: "server",
};
const rule = (more: Partial<AccessRule> = {}): AccessRule => ({
  from: "anyone",
  ports: "any",
  methods: "any",
  paths: "any",
  origin,
  ...more,
});
const authorization = (
  action: "allow" | "deny",
  rules: readonly AccessRule[],
  selector: Selector = servers,
): Authorization => ({ selector, action, rules, origin });
const scopeOf = (id: string, hosts: readonly string[]): Scope => ({
  selector: { kind: "workloads", namespace: id.split("/")[0] ?? "", labels: {}, workloads: [id], name: id },
  hosts,
});
const mtls = (mode: MtlsRule["mode"], selector: Selector = { kind: "mesh" }): MtlsRule => ({ selector, mode, origin });

const mesh = (more: Partial<Mesh> & { readonly routes?: readonly Route[] } = {}): Mesh => {
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
const request = (more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: "GET",
  target: "/",
  host: "server",
  headers: [],
  ...more,
});
const call = (more: Partial<HttpRequest> = {}, rest: Partial<Call> = {}): Call => ({
  from: "shop/client",
  to: service,
  port: 80,
  request: request(more),
  ...rest,
});
const outcomes = (of: Mesh, what: Call) =>
  decide({ client: of, server: of }, what).branches.map(
    ({ share, ends }) => [`${share.numerator}/${share.denominator}`, ends.map(({ outcome }) => outcome)] as const,
  );
const only = (of: Mesh, what: Call) => {
  const [branch, ...others] = decide({ client: of, server: of }, what).branches;
  expect(others).toEqual([]);
  expect(branch!.ends.length).toBe(1);
  return branch!.ends[0]!;
};

describe("routing", () => {
  const subset = (name: string) => [{ host: "server.shop.svc.cluster.local", port: 80, subset: name, weight: 1 }];

  test("the first route that matches decides, not the most specific", () => {
    const general = route({
      matches: [{ path: { kind: "prefix", value: "/a" }, headers: [] }],
      backends: subset("v1"),
    });
    const exact = route({ matches: [{ path: { kind: "exact", value: "/a" }, headers: [] }], backends: subset("v2") });
    expect(only(mesh({ routes: [general, exact, route()] }), call({ target: "/a" })).outcome).toMatchObject({
      to: { subset: "v1" },
    });
    expect(only(mesh({ routes: [exact, general, route()] }), call({ target: "/a" })).outcome).toMatchObject({
      to: { subset: "v2" },
    });
  });

  test("shares are exact, in lowest terms, and add up to one", () => {
    const split = route({
      backends: [
        { ...subset("v1")[0]!, weight: 995_000 },
        { ...subset("v2")[0]!, weight: 5_000 },
      ],
    });
    expect(outcomes(mesh({ routes: [split] }), call()).map(([share]) => share)).toEqual(["199/200", "1/200"]);
  });

  test("a request that no route takes is answered with 404 by the caller's proxy", () => {
    const narrow = route({ matches: [{ path: { kind: "exact", value: "/a" }, headers: [] }] });
    expect(only(mesh({ routes: [narrow] }), call()).outcome).toMatchObject({
      kind: "answered",
      status: 404,
      reason: "no-route",
      by: { role: "caller" },
    });
  });

  test("the query takes no part in the path and reaches the server", () => {
    const exact = route({ matches: [{ path: { kind: "exact", value: "/a" }, headers: [] }], backends: subset("v2") });
    expect(only(mesh({ routes: [exact, route()] }), call({ target: "/a?b=/c" })).outcome).toMatchObject({
      to: { subset: "v2" },
      request: { target: "/a?b=/c" },
    });
  });

  test("of several lines of a header one is enough, and none is split at its commas", () => {
    const match = route({
      matches: [{ path: { kind: "any" }, headers: [{ name: "x", kind: "exact", value: "b" }] }],
      backends: subset("v2"),
    });
    const of = mesh({ routes: [match, route({ backends: subset("v1") })] });
    expect(
      only(
        of,
        call({
          headers: [
            ["x", "a"],
            ["x", "b"],
          ],
        }),
      ).outcome,
    ).toMatchObject({ to: { subset: "v2" } });
    expect(only(of, call({ headers: [["x", "a,b"]] })).outcome).toMatchObject({ to: { subset: "v1" } });
  });

  test("an absent header is not an empty one", () => {
    const match = route({
      matches: [{ path: { kind: "any" }, headers: [{ name: "x", kind: "absent" }] }],
      backends: subset("v2"),
    });
    expect(
      only(mesh({ routes: [match, route({ backends: subset("v1") })] }), call({ headers: [["x", ""]] })).outcome,
    ).toMatchObject({ to: { subset: "v1" } });
  });

  test("the server sees the edited request, and the caller the edited response", () => {
    const edits = { remove: ["a"], set: [["b", "2"]], add: [["c", "3"]] } as const;
    const { outcome } = only(
      mesh({ routes: [route({ requestHeaders: edits, responseHeaders: edits })] }),
      call({
        headers: [
          ["a", "1"],
          ["b", "1"],
          ["b", "1"],
          ["c", "1"],
        ],
      }),
    );
    expect(outcome).toMatchObject({
      request: {
        headers: [
          ["c", "1"],
          ["b", "2"],
          ["c", "3"],
        ],
      },
      responseEdits: [edits],
    });
  });

  test("the host is compared without port and case, and the short name only within the namespace", () => {
    expect(only(mesh(), call({ host: "SERVER.shop:9999" })).outcome.kind).toBe("delivered");
    const elsewhere = mesh({
      workloads: [...mesh().workloads, workload("other/client")],
      scopes: [scopeOf("other/client", ["server.shop.svc.cluster.local"])],
    });
    expect(only(elsewhere, call({ host: "server" }, { from: "other/client" })).outcome).toMatchObject({
      status: 502,
      reason: "unknown-host",
    });
    expect(only(elsewhere, call({ host: "server.shop" }, { from: "other/client" })).outcome.kind).toBe("delivered");
  });

  test("what is called depends on the Host, not on the address dialled", () => {
    expect(only(mesh(), call({ host: "server" }, { to: { kind: "elsewhere" } })).outcome).toMatchObject({
      to: { host: "server.shop.svc.cluster.local" },
    });
  });
});

describe("scope", () => {
  const unscoped = (outbound: "registry-only" | "allow-any") =>
    mesh({ platform: { ...defaultPlatform, outbound }, scopes: [scopeOf("shop/client", [])] });

  test("a call outside the scope is refused where only the registry may be called", () => {
    expect(only(unscoped("registry-only"), call()).outcome).toMatchObject({ kind: "closed", reason: "out-of-scope" });
  });

  test("a call outside the scope goes in plain text, without routes, where anything may be called", () => {
    const closed = mesh({ ...unscoped("allow-any"), mtls: [mtls("strict")] });
    expect(only(closed, call()).outcome).toMatchObject({
      kind: "closed",
      reason: "plain-text-refused",
      by: { role: "callee" },
    });
    expect(only(unscoped("allow-any"), call()).outcome).toMatchObject({
      kind: "delivered",
      to: "as-dialled",
      tls: "none",
    });
  });
});

describe("mTLS", () => {
  test("two proxies use it unless the callee disables it", () => {
    expect(only(mesh({ mtls: [mtls("strict")] }), call()).outcome).toMatchObject({ tls: "mutual" });
    expect(only(mesh({ mtls: [mtls("disabled")] }), call()).outcome).toMatchObject({ tls: "none" });
  });

  test("a caller without proxy is refused by strict and served by permissive", () => {
    const legacy = call({}, { from: "other/legacy" });
    expect(only(mesh({ mtls: [mtls("strict")] }), legacy).outcome).toMatchObject({
      kind: "closed",
      reason: "plain-text-refused",
    });
    expect(only(mesh(), legacy).outcome).toMatchObject({ kind: "delivered", tls: "none" });
  });

  test("a workload's own rule stands above its namespace's, and that above the mesh's", () => {
    const namespace = { kind: "namespace", namespace: "shop" } as const;
    expect(
      only(
        mesh({ mtls: [mtls("disabled"), mtls("strict", namespace), mtls("permissive", servers)] }),
        call({}, { from: "other/legacy" }),
      ).outcome.kind,
    ).toBe("delivered");
    expect(
      only(mesh({ mtls: [mtls("disabled"), mtls("strict", namespace)] }), call({}, { from: "other/legacy" })).outcome
        .kind,
    ).toBe("closed");
  });

  test("two revisions are kept apart: a caller that already speaks mTLS meets a callee that does not yet", () => {
    const [client, server] = [mesh({ mtls: [mtls("strict")] }), mesh({ mtls: [mtls("disabled")] })];
    const [branch] = decide({ client, server }, call()).branches;
    expect(branch!.ends[0]!.outcome).toMatchObject({
      kind: "answered",
      status: 503,
      reason: "tls-refused",
      by: { role: "caller" },
    });
  });
});

describe("authorization", () => {
  const client = [{ kind: "exact", id: "spiffe://cluster.local/ns/shop/sa/client" }] as const;

  test("deny is asked before allow", () => {
    expect(
      only(mesh({ authorizations: [authorization("allow", [rule()]), authorization("deny", [rule()])] }), call())
        .outcome,
    ).toMatchObject({ status: 403, reason: "denied" });
  });

  test("without any allow everybody may; an allow without rules lets nobody in", () => {
    expect(only(mesh(), call()).outcome.kind).toBe("delivered");
    expect(only(mesh({ authorizations: [authorization("allow", [])] }), call()).outcome).toMatchObject({
      status: 403,
      reason: "not-allowed",
    });
  });

  test("an identity is proven by mTLS alone", () => {
    const grant = [authorization("allow", [rule({ from: client })])];
    expect(only(mesh({ authorizations: grant }), call()).outcome.kind).toBe("delivered");
    expect(only(mesh({ authorizations: grant, mtls: [mtls("disabled")] }), call()).outcome).toMatchObject({
      status: 403,
    });
    expect(
      only(
        mesh({ authorizations: [authorization("allow", [rule({ from: "authenticated" })])] }),
        call({}, { from: "other/legacy" }),
      ).outcome,
    ).toMatchObject({ status: 403 });
  });

  test("paths are compared after normalisation", () => {
    const deny = [authorization("deny", [rule({ paths: [{ kind: "exact", value: "/admin" }] })])];
    for (const target of ["/admin", "/x/../admin", "/./admin", "/%61dmin", "/admin?x", "/admin#x"])
      expect(only(mesh({ authorizations: deny }), call({ target })).outcome, target).toMatchObject({ status: 403 });
    for (const target of ["/admin/", "/Admin", "/adminx"])
      expect(only(mesh({ authorizations: deny }), call({ target })).outcome.kind, target).toBe("delivered");
  });

  test("HTTP conditions never match bytes that are not HTTP", () => {
    const tcp = (rules: readonly AccessRule[], action: "allow" | "deny") =>
      mesh({
        workloads: [
          workload("shop/client"),
          workload("shop/server-v1", { ports: [{ number: 8080, protocol: "tcp" }] }),
        ],
        destinations: [
          destination([], {
            ports: [{ number: 80, name: "tcp", protocol: "tcp", target: 8080, tls: { mode: "mesh" }, routes: [] }],
            workloads: ["shop/server-v1"],
            subsets: [],
          }),
        ],
        authorizations: [authorization(action, rules)],
      });
    expect(only(tcp([rule({ methods: ["GET"] })], "deny"), call({}, { request: "connection" })).outcome.kind).toBe(
      "delivered",
    );
    expect(only(tcp([rule({ methods: ["GET"] })], "allow"), call({}, { request: "connection" })).outcome).toMatchObject(
      { kind: "closed", reason: "not-allowed" },
    );
  });

  test("workloads behind one backend that differ stand side by side", () => {
    const onlyFirst: Selector = { ...servers, workloads: ["shop/server-v1"] };
    const [branch] = decide(
      {
        client: mesh({ authorizations: [authorization("deny", [rule()], onlyFirst)] }),
        server: mesh({ authorizations: [authorization("deny", [rule()], onlyFirst)] }),
      },
      call(),
    ).branches;
    expect(branch!.ends.map(({ workloads, outcome }) => [workloads, outcome.kind])).toEqual([
      [["shop/server-v1"], "answered"],
      [["shop/server-v2"], "delivered"],
    ]);
  });
});

describe("gateways", () => {
  const withGateway = (
    virtualHosts: readonly (readonly [string, readonly Route[]])[],
    authorizations: readonly Authorization[] = [],
  ): Mesh =>
    mesh({
      authorizations,
      workloads: [...mesh().workloads, workload("edge/gateway", { proxy: "gateway" })],
      gateways: [
        {
          workload: "edge/gateway",
          namespace: "edge",
          labels: {},
          listeners: [
            {
              port: 80,
              target: 8080,
              virtualHosts: virtualHosts.map(([host, routes]) => ({ host, namespace: "shop", routes, origin })),
            },
          ],
        },
      ],
    });
  const outside = (host: string): Call => ({
    from: "outside",
    to: { kind: "workload", workload: "edge/gateway" },
    port: 8080,
    request: request({ host }),
  });

  test("an exact host stands above the longest wildcard, and that above shorter ones", () => {
    const tagged = (name: string) => [route({ requestHeaders: { remove: [], set: [["tag", name]], add: [] } })];
    const of = withGateway([
      ["*.com", tagged("short")],
      ["*.b.com", tagged("long")],
      ["a.b.com", tagged("exact")],
    ]);
    for (const [host, tag] of [
      ["a.b.com", "exact"],
      ["c.b.com", "long"],
      ["x.a.b.com", "long"],
      ["c.com", "short"],
    ] as const)
      expect(only(of, outside(host)).outcome, host).toMatchObject({ request: { headers: [["tag", tag]] } });
    expect(only(of, outside("com")).outcome).toMatchObject({ status: 404, by: { role: "gateway" } });
  });

  test("the gateway's own authorization comes before its routes", () => {
    const denied = authorization("deny", [rule()], { ...servers, workloads: ["edge/gateway"] });
    expect(only(withGateway([["a.com", [route()]]], [denied]), outside("unknown.com")).outcome).toMatchObject({
      status: 403,
      by: { role: "gateway" },
    });
  });

  test("what it refuses is edited by the route that it would have taken", () => {
    const edits = { remove: [], set: [["x-frame-options", "DENY"]], add: [] } as const;
    const denied = authorization("deny", [rule()], { ...servers, workloads: ["edge/gateway"] });
    const narrow = route({
      matches: [{ path: { kind: "exact", value: "/9" }, headers: [] }],
      responseHeaders: edits,
    });
    const of = withGateway(
      [
        ["a.com", [route({ responseHeaders: edits })]],
        ["b.com", [narrow]],
      ],
      [denied],
    );
    expect(only(of, outside("a.com")).outcome).toMatchObject({ status: 403, responseEdits: [edits] });
    expect(only(of, outside("b.com")).outcome).toMatchObject({ status: 403, responseEdits: [] });
    expect(only(of, outside("unknown.com")).outcome).toMatchObject({ status: 403, responseEdits: [] });
  });

  test("where it does not listen nobody authorizes anything", () => {
    const denied = authorization("deny", [rule()], { ...servers, workloads: ["edge/gateway"] });
    const of = withGateway([["a.com", [route()]]], [denied]);
    expect(only(of, { ...outside("a.com"), port: 40_000 }).outcome).toMatchObject({
      kind: "closed",
      reason: "no-listener",
    });
  });

  test("behind it, the caller is the gateway", () => {
    const grant = authorization("allow", [
      rule({ from: [{ kind: "exact", id: "spiffe://cluster.local/ns/edge/sa/gateway" }] }),
    ]);
    expect(only(withGateway([["a.com", [route()]]], [grant]), outside("a.com")).outcome.kind).toBe("delivered");
  });
});

test("every step that a rule decided names where that rule was written", () => {
  const { steps } = only(mesh({ authorizations: [authorization("allow", [rule()])] }), call());
  expect(steps.map(({ at, says, origin: place }) => [at, says, place?.module])).toEqual([
    ["shop/client", "server is server.shop.svc.cluster.local, port 80", "test.ts"],
    ["shop/client", "routes to server.shop.svc.cluster.local:80, any workload", "test.ts"],
    [
      "shop/server-v1",
      "mTLS is permissive; the call comes with mTLS as spiffe://cluster.local/ns/shop/sa/client",
      "test.ts",
    ],
    ["shop/server-v1", "authorization allows it", "test.ts"],
  ]);
});
