import { describe, expect, test } from "vitest";
import { defaultPlatform } from "../../graph/platform.ts";
import type { AccessRule } from "../authorization.ts";
import type { Selector } from "../selector.ts";
import { authorization, call, destination, mesh, mtls, only, rule, scopeOf, servers, workload } from "./fixture.ts";
import { decide } from "./index.ts";

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
