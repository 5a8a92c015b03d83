import { describe, expect, test } from "vitest";
import type { Authorization } from "../authorization.ts";
import type { Call } from "../call.ts";
import type { Mesh } from "../mesh.ts";
import { responding, type Route } from "../route.ts";
import { authorization, mesh, only, origin, request, route, rule, servers, workload } from "./fixture.ts";

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

  test("what it refuses is not edited by a route that would have responded by itself, which its own response is", () => {
    const edits = { remove: [], set: [["x-frame-options", "DENY"]], add: [] } as const;
    const own = route({ ...responding({ status: 200, body: "well" }), responseHeaders: edits });
    const denied = authorization("deny", [rule()], { ...servers, workloads: ["edge/gateway"] });
    expect(only(withGateway([["a.com", [own]]], [denied]), outside("a.com")).outcome).toMatchObject({
      status: 403,
      body: "own",
      responseEdits: [],
    });
    expect(only(withGateway([["a.com", [own]]]), outside("a.com")).outcome).toMatchObject({
      status: 200,
      body: { text: "well" },
      responseEdits: [edits],
    });
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
