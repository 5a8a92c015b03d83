import fc from "fast-check";
import { expect, test } from "vitest";
import { randomMesh } from "../../../golden/random/mesh.ts";
import type { AccessRule, Principal } from "../../../lib/model/authorization.ts";
import { verdict } from "../../../lib/model/decide/authorization.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import type { PathMatch } from "../../../lib/model/route.ts";
import type { Access, Diagram, PathTree } from "../config.ts";
import { access } from "./access.ts";

type Asked = { readonly method: string; readonly path: string } | "connection";

/** As the proxy asks: who leads to a node, the method to a tree. */
const isIn = (diagram: Diagram, caller: string | undefined, asked: Asked): boolean => {
  const prefixes = Object.entries(diagram.prefixes)
    .filter(([prefix]) => caller?.startsWith(prefix))
    .sort(([a], [b]) => b.length - a.length);
  const number =
    caller === undefined ? diagram.anonymous : (diagram.exact[caller] ?? prefixes[0]?.[1] ?? diagram.authenticated);
  const node = diagram.nodes[number]!;
  if (asked === "connection") return node.connection;
  const set = node.methods[asked.method] ?? node.otherMethods;
  return typeof set === "boolean" ? set : stands(set, asked.path);
};

const stands = (tree: PathTree<true>, path: string): boolean => {
  const [edge, child] = Object.entries(tree.next ?? {}).find(([begins]) => path.startsWith(begins)) ?? [];
  if (edge !== undefined && child !== undefined) return stands(child, path.slice(edge.length));
  return (path === "" ? (tree.exact ?? tree.under) : tree.under).length > 0;
};

const isAllowed = ({ deny, allow }: Access, caller: string | undefined, asked: Asked): boolean =>
  !isIn(deny, caller, asked) && (allow === undefined || isIn(allow, caller, asked));

const ids = ["spiffe://a/ns/b/sa/c", "spiffe://a/ns/b/sa/d", "spiffe://a/ns/e/sa/c", "spiffe://a/ns/be/sa/c"] as const;
const principal: fc.Arbitrary<Principal> = fc.oneof(
  fc.record({ kind: fc.constant("exact" as const), id: fc.constantFrom(...ids) }),
  fc.record({
    kind: fc.constant("prefix" as const),
    id: fc.constantFrom("spiffe://a/", "spiffe://a/ns/b/", "spiffe://a/ns/b/sa/", "spiffe://z/"),
  }),
);
const paths = ["/a", "/a/b", "/ab", "/", "/c", "*"] as const;
const path: fc.Arbitrary<PathMatch> = fc.oneof(
  fc.constant<PathMatch>({ kind: "any" }),
  fc.record({ kind: fc.constantFrom("exact" as const, "prefix" as const), value: fc.constantFrom(...paths) }),
);
const some = <T>(of: fc.Arbitrary<T>) =>
  fc.oneof(fc.constant("any" as const), fc.array(of, { minLength: 1, maxLength: 3 }));
const rule: fc.Arbitrary<AccessRule> = fc.record({
  from: fc.oneof(
    fc.constantFrom("anyone" as const, "authenticated" as const),
    fc.array(principal, { minLength: 1, maxLength: 3 }),
  ),
  ports: some(fc.constantFrom(80, 81)),
  methods: some(fc.constantFrom("GET", "POST")),
  paths: some(path),
  origin: fc.constant({ module: "a.ts", path: [] }),
});

const { mesh } = randomMesh(1);
const workload = mesh.workloads[0]!;
const ruled = (deny: readonly AccessRule[], allow: readonly AccessRule[] | undefined): Mesh => ({
  ...mesh,
  authorizations: [
    ...(deny.length > 0 ? [{ action: "deny" as const, rules: deny }] : []),
    ...(allow === undefined ? [] : [{ action: "allow" as const, rules: allow }]),
  ].map((one) => ({ ...one, selector: { kind: "mesh" }, origin: { module: "a.ts", path: [] } })),
});

test("a port's diagrams say of every call what the rules say", () => {
  fc.assert(
    fc.property(
      fc.array(rule, { maxLength: 4 }),
      fc.option(fc.array(rule, { maxLength: 4 }), { nil: undefined }),
      (deny, allow) => {
        const told = ruled(deny, allow);
        for (const port of [80, 81]) {
          const diagrams = access(told, workload, port);
          for (const caller of [undefined, ...ids, "spiffe://a/ns/f/sa/g"]) {
            const { reason } = verdict(told, workload, { port, caller, request: "connection" });
            expect(isAllowed(diagrams, caller, "connection")).toBe(reason === "allowed");
            for (const method of ["GET", "POST", "PUT"])
              for (const target of [...paths, "/a/bc", "/d"]) {
                const request = { method, target, host: "a", headers: [] };
                expect(isAllowed(diagrams, caller, { method, path: target })).toBe(
                  verdict(told, workload, { port, caller, request }).reason === "allowed",
                );
              }
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test("a node stands once, and nobody is named who is like the others", () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 4 }), (rules) => {
      const { deny } = access(ruled(rules, undefined), workload, 80);
      expect(new Set(deny.nodes.map((node) => JSON.stringify(node))).size).toBe(deny.nodes.length);
      for (const [id, number] of Object.entries(deny.exact)) {
        const prefixes = Object.keys(deny.prefixes).filter((prefix) => id.startsWith(prefix));
        const [longest] = prefixes.sort((a, b) => b.length - a.length);
        expect(number).not.toBe(longest === undefined ? deny.authenticated : deny.prefixes[longest]);
      }
    }),
  );
});
