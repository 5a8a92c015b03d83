import fc from "fast-check";
import { expect, test } from "vitest";
import type { HttpRequest } from "./call.ts";
import { covers } from "./coverage.ts";
import { intersection } from "./intersection.ts";
import { holds } from "./matching.ts";
import type { HeaderMatch, Match, PathMatch } from "./route.ts";

const paths = ["/a", "/a/", "/a/b", "/ab", "/b"];
const values = ["j", "jas", "jason", "ann"];
const names = ["x-canary", "x-user"];

const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  fc.constant({ kind: "any" } as const),
  fc.record({ kind: fc.constantFrom("exact", "prefix"), value: fc.constantFrom(...paths) }),
);
const headerMatch = (name: string): fc.Arbitrary<HeaderMatch> =>
  fc.oneof(
    fc.record({ name: fc.constant(name), kind: fc.constantFrom("present", "absent") }),
    fc.record({ name: fc.constant(name), kind: fc.constantFrom("exact", "prefix"), value: fc.constantFrom(...values) }),
  );
const match: fc.Arbitrary<Match> = fc.record({
  path: pathMatch,
  headers: fc
    .tuple(...names.map((name) => fc.option(headerMatch(name), { nil: undefined })))
    .map((headers) => headers.filter((header) => header !== undefined)),
});

/** Every request that these conditions can tell from another, with at most so many lines of each header. */
const requests = (lines: number): readonly HttpRequest[] => {
  const none: readonly (readonly string[])[] = [[]];
  const lists = Array.from({ length: lines }).reduce<readonly (readonly string[])[]>(
    (all) => [...all, ...all.flatMap((list) => ["other", ...values].map((value) => [...list, value]))],
    none,
  );
  return [...paths, "/", "/a/b/c"].flatMap((target) =>
    lists.flatMap((first) =>
      lists.map((second) => ({
        method: "GET",
        target,
        host: "a",
        headers: [first, second].flatMap((list, index) => list.map((value) => [names[index]!, value] as const)),
      })),
    ),
  );
};
const single = requests(1);
const several = requests(2);

test("what one condition is said to cover, it takes", () => {
  fc.assert(
    fc.property(match, match, (a, b) => {
      if (!covers(a, b)) return;
      for (const request of several) if (holds(b, request)) expect(holds(a, request)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test("the intersection of two conditions takes only what both take", () => {
  fc.assert(
    fc.property(match, match, (a, b) => {
      const both = intersection(a, b);
      for (const request of several)
        if (both && holds(both, request)) expect([holds(a, request), holds(b, request)]).toEqual([true, true]);
    }),
    { numRuns: 300 },
  );
});

test("and all of it, where no header has two lines", () => {
  fc.assert(
    fc.property(match, match, (a, b) => {
      const both = intersection(a, b);
      for (const request of single)
        if (holds(a, request) && holds(b, request)) expect(both && holds(both, request)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
