import fc from "fast-check";
import { expect, test } from "vitest";
import type { HttpRequest } from "./call.ts";
import { covers } from "./coverage.ts";
import { intersection } from "./intersection.ts";
import { headerConditions, isStated } from "./header-conditions.ts";
import { holds } from "./matching.ts";
import type { HeaderMatch, Match, PathMatch } from "./route.ts";

const paths = ["/a", "/a/", "/a/b", "/ab", "/b"];
const values = ["j", "jas", "ann"];
/** What a condition on those can tell from another: each, what goes on after it, and neither. */
const sent = ["other", ...values.flatMap((value) => [value, `${value}~`])];
const names = ["x-canary", "x-user"];

const pathMatch: fc.Arbitrary<PathMatch> = fc.oneof(
  fc.constant({ kind: "any" } as const),
  fc.record({ kind: fc.constantFrom("exact", "prefix"), value: fc.constantFrom(...paths) }),
);
const headerMatch = (name: string): fc.Arbitrary<HeaderMatch> =>
  fc.oneof(
    fc.record({ name: fc.constant(name), kind: fc.constantFrom("present", "absent") }),
    fc.record({
      name: fc.constant(name),
      kind: fc.constantFrom("exact", "prefix", "not-exact", "not-prefix"),
      value: fc.constantFrom(...values),
    }),
  );
/** Of each name what there must be once, and what there must not be several times; some request meets them all. */
const conditions: fc.Arbitrary<readonly HeaderMatch[]> = fc
  .array(fc.constantFrom(...names).chain(headerMatch), { maxLength: 4 })
  .map((all) =>
    all.filter(
      (header, index) =>
        !isStated(header) || all.findIndex((other) => isStated(other) && other.name === header.name) === index,
    ),
  )
  .map(headerConditions)
  .filter((all) => all !== undefined);
const match: fc.Arbitrary<Match> = fc.record({
  path: pathMatch,
  headers: conditions,
});

const oneLine = sent.map((value) => [value]);
const twoLines = oneLine.flatMap(([first]) => sent.map((second) => [first!, second]));
const upToOne: readonly (readonly string[])[] = [[], ...oneLine];
/** Every request that these conditions can tell from another, where headers have these lines. */
const requests = (lines: readonly (readonly (readonly string[])[])[]): readonly HttpRequest[] =>
  lines.flatMap((both) =>
    [...paths, "/", "/a/b/c"].map((target) => ({
      method: "GET",
      target,
      host: "a",
      headers: both.flatMap((list, index) => list.map((value) => [names[index]!, value] as const)),
    })),
  );
const single = requests(upToOne.flatMap((first) => upToOne.map((second) => [first, second])));
/** Of two lines only ever one header: no condition on the other needs as many to be met. */
const several = [
  ...single,
  ...requests(
    twoLines.flatMap((two) =>
      upToOne.flatMap((other) => [
        [two, other],
        [other, two],
      ]),
    ),
  ),
];

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

test("conditions are left out only where others make them true, and refused only where no request meets them", () => {
  const anything: fc.Arbitrary<readonly HeaderMatch[]> = fc.array(headerMatch("x-user"), { maxLength: 4 });
  fc.assert(
    fc.property(anything, (all) => {
      if (all.filter(isStated).length > 1) return;
      const kept = headerConditions(all);
      const of = (headers: readonly HeaderMatch[]) =>
        several.map((request) => holds({ path: { kind: "any" }, headers }, request));
      expect(kept === undefined ? several.map(() => false) : of(kept)).toEqual(of(all));
      expect(kept === undefined || of(kept).includes(true)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
