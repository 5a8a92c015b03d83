import fc from "fast-check";
import { expect, test } from "vitest";
import { holdsOfPath } from "../../../lib/model/matching.ts";
import { noEdits, type HeaderMatch, type PathMatch, type Route } from "../../../lib/model/route.ts";
import type { PathTree } from "../config.ts";
import { pathTree } from "./path-tree.ts";
import { compiledRoutes } from "./virtual-host.ts";

/** As the proxy looks a path up: down as far as edges fit. */
const found = <Leaf>(tree: PathTree<Leaf>, path: string): readonly Leaf[] => {
  const [edge, child] = Object.entries(tree.next ?? {}).find(([begins]) => path.startsWith(begins)) ?? [];
  if (edge !== undefined && child !== undefined) return found(child, path.slice(edge.length));
  return path === "" ? (tree.exact ?? tree.under) : tree.under;
};

const each = <Leaf>(tree: PathTree<Leaf>): readonly PathTree<Leaf>[] => [
  tree,
  ...Object.values(tree.next ?? {}).flatMap(each),
];

/** Few segments, so that one begins another. */
const paths = fc
  .array(fc.constantFrom("a", "b", "ab", "/", "//", "é", "__proto__"), { maxLength: 4 })
  .map((parts) => `/${parts.join("")}`);
const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  fc.constant<PathMatch>({ kind: "any" }),
  fc.record({ kind: fc.constantFrom("exact" as const, "prefix" as const), value: paths }),
  fc.constant<PathMatch>({ kind: "prefix", value: "" }),
);
const asked = fc.oneof(paths, fc.constant("*"));

test("a look-up finds all that holds at a path, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(pathMatch, { maxLength: 8 }), fc.array(asked, { minLength: 1 }), (matches, all) => {
      const tree = pathTree(
        matches.map((path, value) => ({ path, value })),
        (holding) => holding,
      );
      for (const path of all)
        expect(found(tree, path)).toEqual(matches.flatMap((match, index) => (holdsOfPath(match, path) ? [index] : [])));
    }),
    { numRuns: 2000 },
  );
});

test("no two edges of a node begin alike, and no node could be spared", () => {
  fc.assert(
    fc.property(fc.array(pathMatch, { maxLength: 8 }), (matches) => {
      const tree = pathTree(
        matches.map((path) => ({ path, value: true })),
        (holding) => (holding.length > 0 ? [true] : []),
      );
      for (const { next = {}, under } of each(tree)) {
        const beginnings = Object.keys(next).map((edge) => edge.charAt(0));
        expect(new Set(beginnings).size).toBe(beginnings.length);
        expect(beginnings).not.toContain("");
        for (const child of Object.values(next))
          if (child.exact === undefined && Object.keys(child.next ?? {}).length < 2)
            expect(child.under).not.toEqual(under);
      }
    }),
  );
});

const headers: fc.Arbitrary<readonly HeaderMatch[]> = fc
  .uniqueArray(fc.constantFrom("x-a", "x-b"), { maxLength: 2 })
  .chain((names) =>
    fc.tuple(
      ...names
        .toSorted()
        .map((name) =>
          fc.constantFrom<HeaderMatch>(
            { name, kind: "present" },
            { name, kind: "absent" },
            { name, kind: "exact", value: "1" },
            { name, kind: "not-exact", value: "1" },
          ),
        ),
    ),
  );
const routes = fc.array(
  fc.array(fc.record({ path: pathMatch, headers }), { minLength: 1, maxLength: 3 }).map((matches): Route => ({
    matches,
    backends: [{ host: "a.example", port: 80, subset: "any", weight: 1 }],
    directResponse: "none",
    timeout: "none",
    retries: "none",
    requestHeaders: noEdits,
    responseHeaders: noEdits,
    origin: { module: "a.ts", path: [] },
  })),
  { maxLength: 5 },
);
const lines = fc.dictionary(fc.constantFrom("x-a", "x-b"), fc.constantFrom("1", "2"));

const holdsOf = (match: HeaderMatch, given: Readonly<Record<string, string>>): boolean => {
  const value = given[match.name];
  if (match.kind === "absent") return value === undefined;
  if (match.kind === "present") return value !== undefined;
  return match.kind === "exact" ? value === match.value : (value?.startsWith(match.value) ?? false);
};

test("the first candidate that holds is of the route that a walk through all of them takes", () => {
  fc.assert(
    fc.property(routes, asked, lines, (all, path, given) => {
      const walked = all.findIndex(({ matches }) =>
        matches.some(
          (match) => holdsOfPath(match.path, path) && match.headers.every((header) => holdsOf(header, given)),
        ),
      );
      const candidates = found(compiledRoutes(all).paths, path);
      const taken = candidates.find((candidate) => candidate.headers.every((header) => holdsOf(header, given)));
      expect(taken?.route ?? -1).toBe(walked);
      expect(candidates.slice(0, -1).every((candidate) => candidate.headers.length > 0)).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test("a split is told in running sums", () => {
  const backends = [90, 9, 1].map((weight, index) => ({ host: "a.example", port: 80, subset: `v${index}`, weight }));
  const { routes: told } = compiledRoutes([
    {
      matches: [{ path: { kind: "any" }, headers: [] }],
      backends,
      directResponse: "none",
      timeout: "none",
      retries: "none",
      requestHeaders: noEdits,
      responseHeaders: noEdits,
      origin: { module: "a.ts", path: [] },
    },
  ]);
  expect(told[0]).toHaveProperty("split", [
    { upTo: 90, cluster: "a.example|v0|80" },
    { upTo: 99, cluster: "a.example|v1|80" },
    { upTo: 100, cluster: "a.example|v2|80" },
  ]);
});
