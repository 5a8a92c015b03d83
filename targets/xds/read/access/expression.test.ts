import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { nowhere } from "../../../../lib/graph/placement.ts";
import { defaultPlatform } from "../../../../lib/graph/platform.ts";
import { includes } from "../../../../lib/model/authorization.ts";
import { holdsOfPath } from "../../../../lib/model/matching.ts";
import type { Reading } from "../reading.ts";
import { permission, policyRules, principal } from "./expression.ts";
import { everything, nothing, type RuleSet } from "./rule-set.ts";

const reading = (): Reading => ({
  graph: { namespaces: [], services: [], workloads: [] },
  platform: defaultPlatform,
  placement: nowhere,
  diagnostics: [],
});
const node = (value: unknown) => ({ value, at: "", object: "a proxy" });
const ofPermission = (value: unknown): RuleSet | string => read(permission, value);
const ofPrincipal = (value: unknown): RuleSet | string => read(principal, value);
const read = (of: typeof permission, value: unknown): RuleSet | string => {
  const all = reading();
  const set = of(node(value), all);
  return all.diagnostics[0]?.message ?? set;
};

const exact = (id: string) => ({ authenticated: { principalName: { exact: id } } });
const method = (name: string) => ({ header: { name: ":method", stringMatch: { exact: name } } });
const path = (kind: "exact" | "prefix", value: string) => ({ urlPath: { path: { [kind]: value } } });

describe("Istio's spelling", () => {
  test("an alternative of one, in a conjunction of one, is itself", () => {
    expect(ofPermission({ andRules: { rules: [{ orRules: { rules: [{ destinationPort: 8080 }] } }] } })).toEqual([
      { ...everything[0], ports: [8080] },
    ]);
  });

  test("a policy that lets nobody in is no rule", () => {
    const value = { permissions: [{ notRule: { any: true } }], principals: [{ notId: { any: true } }] };
    expect(policyRules(node(value), reading())).toEqual(nothing);
  });

  test("every star is whoever has shown a certificate", () => {
    const star = { authenticated: { principalName: { safeRegex: { regex: ".+" } } } };
    expect(ofPrincipal({ andIds: { ids: [{ orIds: { ids: [star] } }] } })).toEqual([
      { ...everything[0], from: "authenticated" },
    ]);
  });

  test("methods, paths and ports of one operation are one rule", () => {
    const rules = [
      { orRules: { rules: [method("POST"), method("DELETE")] } },
      { orRules: { rules: [path("exact", "/a"), path("prefix", "/a/")] } },
      { orRules: { rules: [{ destinationPort: 8080 }] } },
    ];
    expect(ofPermission({ andRules: { rules } })).toEqual([
      {
        from: "anyone",
        ports: [8080],
        methods: ["DELETE", "POST"],
        paths: [
          { kind: "exact", value: "/a" },
          { kind: "prefix", value: "/a/" },
        ],
      },
    ]);
  });
});

describe("what no rule can say is reported where it stands", () => {
  test.each([
    ["a negation", { notRule: { destinationPort: 80 } }, "/notRule"],
    ["a header", { header: { name: "x", stringMatch: { exact: "1" } } }, "/header"],
    ["a regular expression", { urlPath: { path: { safeRegex: { regex: "/a.*" } } } }, "/urlPath"],
    ["an address", { destinationIp: { addressPrefix: "10.0.0.0" } }, "/destinationIp"],
  ])("%s", (_, value, at) => {
    expect(ofPermission(value)).toBe(`a proxy says something at \`${at}\` that a mesh cannot hold yet`);
  });

  test("a prefix that ends within a name", () => {
    const value = { authenticated: { principalName: { prefix: "spiffe://cluster.local/ns/sh" } } };
    expect(ofPrincipal(value)).toContain("/authenticated/principalName");
  });
});

type Asked = {
  readonly port: number;
  readonly method: string;
  readonly path: string;
  readonly caller: string | undefined;
};

/** An expression with what Envoy makes of it. */
interface Meant {
  readonly value: object;
  readonly holds: (asked: Asked) => boolean;
}

const permissions: fc.Arbitrary<Meant> = fc.letrec<{ one: Meant }>((tie) => ({
  one: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Meant>(
      { value: { any: true }, holds: () => true },
      { value: { notRule: { any: true } }, holds: () => false },
      ...[80, 8080].map((port) => ({ value: { destinationPort: port }, holds: (asked: Asked) => asked.port === port })),
      ...["GET", "POST"].map((name) => ({ value: method(name), holds: (asked: Asked) => asked.method === name })),
      ...["/a", "/a/b"].flatMap((value): Meant[] => [
        { value: path("exact", value), holds: (asked) => asked.path === value },
        { value: path("prefix", value), holds: (asked) => asked.path.startsWith(value) },
      ]),
    ),
    fc.array(tie("one"), { minLength: 1, maxLength: 3 }).map((all) => ({
      value: { andRules: { rules: all.map(({ value }) => value) } },
      holds: (asked: Asked) => all.every(({ holds }) => holds(asked)),
    })),
    fc.array(tie("one"), { minLength: 1, maxLength: 3 }).map((all) => ({
      value: { orRules: { rules: all.map(({ value }) => value) } },
      holds: (asked: Asked) => all.some(({ holds }) => holds(asked)),
    })),
  ),
})).one;

const [shop, bank] = ["spiffe://cluster.local/ns/shop/sa/a", "spiffe://cluster.local/ns/bank/sa/b"];

const principals: fc.Arbitrary<Meant> = fc.letrec<{ one: Meant }>((tie) => ({
  one: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Meant>(
      { value: { any: true }, holds: () => true },
      { value: { notId: { any: true } }, holds: () => false },
      { value: { authenticated: {} }, holds: ({ caller }) => caller !== undefined },
      { value: exact(shop), holds: ({ caller }) => caller === shop },
      {
        value: { authenticated: { principalName: { prefix: "spiffe://cluster.local/ns/bank/" } } },
        holds: ({ caller }) => caller === bank,
      },
    ),
    fc.array(tie("one"), { minLength: 1, maxLength: 3 }).map((all) => ({
      value: { andIds: { ids: all.map(({ value }) => value) } },
      holds: (asked: Asked) => all.every(({ holds }) => holds(asked)),
    })),
    fc.array(tie("one"), { minLength: 1, maxLength: 3 }).map((all) => ({
      value: { orIds: { ids: all.map(({ value }) => value) } },
      holds: (asked: Asked) => all.some(({ holds }) => holds(asked)),
    })),
  ),
})).one;

const asked: readonly Asked[] = [80, 8080, 9].flatMap((port) =>
  ["GET", "POST", "PUT"].flatMap((method) =>
    ["/a", "/ab", "/a/b", "/a/b/c", "/"].flatMap((path) =>
      [shop, bank, "spiffe://cluster.local/ns/edge/sa/e", undefined].map((caller) => ({ port, method, path, caller })),
    ),
  ),
);

test("rules hold of what the expression holds of", () => {
  fc.assert(
    fc.property(
      fc.array(permissions, { minLength: 1, maxLength: 2 }),
      fc.array(principals, { minLength: 1, maxLength: 2 }),
      (what, who) => {
        const all = reading();
        const value = { permissions: what.map((one) => one.value), principals: who.map((one) => one.value) };
        const rules = policyRules(node(value), all);
        expect(all.diagnostics).toEqual([]);
        for (const one of asked) {
          const isMeant = what.some(({ holds }) => holds(one)) && who.some(({ holds }) => holds(one));
          const isRead = rules.some(
            ({ from, ports, methods, paths }) =>
              includes(from, one.caller) &&
              (ports === "any" || ports.includes(one.port)) &&
              (methods === "any" || methods.includes(one.method)) &&
              (paths === "any" || paths.some((match) => holdsOfPath(match, one.path))),
          );
          expect(isRead, JSON.stringify(one)).toBe(isMeant);
        }
      },
    ),
    { numRuns: 300 },
  );
});
