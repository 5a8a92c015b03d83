import { describe, expect, test } from "vitest";
import { responding } from "../route.ts";
import { authorization, call, mesh, mtls, only, outcomes, route, rule, scopeOf, workload } from "./fixture.ts";

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

  test("what is excluded is none of a header's lines, and nothing at all is not it", () => {
    const of = (kind: "not-exact" | "not-prefix") =>
      mesh({
        routes: [
          route({
            matches: [{ path: { kind: "any" }, headers: [{ name: "x", kind, value: "a" }] }],
            backends: subset("v2"),
          }),
          route({ backends: subset("v1") }),
        ],
      });
    const taken = (kind: "not-exact" | "not-prefix", ...lines: readonly string[]) => {
      const { outcome } = only(of(kind), call({ headers: lines.map((line) => ["x", line] as const) }));
      return outcome.kind === "delivered" && outcome.to !== "as-dialled" && outcome.to.subset;
    };
    const [asked, other] = ["v2", "v1"];
    expect([taken("not-exact"), taken("not-exact", ""), taken("not-exact", "ab")]).toEqual([asked, asked, asked]);
    expect([taken("not-exact", "a"), taken("not-exact", "b", "a")]).toEqual([other, other]);
    expect([taken("not-prefix"), taken("not-prefix", "b")]).toEqual([asked, asked]);
    expect([taken("not-prefix", "ab"), taken("not-prefix", "b", "ab")]).toEqual([other, other]);
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

describe("a route that responds by itself", () => {
  const edits = { remove: [], set: [["retry-after", "60"]], add: [] } as const;
  const noon = route({
    matches: [{ path: { kind: "exact", value: "/a" }, headers: [] }],
    ...responding({ status: 503, body: "back at noon" }),
    responseHeaders: edits,
  });

  test("asks nobody: not the callee, not its authorization, not its mTLS", () => {
    const refusing = mesh({
      routes: [noon, route()],
      authorizations: [authorization("allow", [])],
      mtls: [mtls("strict")],
    });
    expect(only(refusing, call({ target: "/a" }))).toMatchObject({
      workloads: [],
      treatments: [],
      outcome: {
        kind: "answered",
        by: { role: "caller", workload: "shop/client" },
        status: 503,
        reason: "direct-response",
        body: { text: "back at noon" },
        responseEdits: [edits],
      },
    });
    expect(only(refusing, call()).outcome).toMatchObject({ status: 403, body: "own" });
  });

  test("is nothing to who calls past the caller's proxy", () => {
    expect(only(mesh({ routes: [noon, route()] }), call({ target: "/a" }, { from: "other/legacy" })).outcome.kind).toBe(
      "delivered",
    );
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
