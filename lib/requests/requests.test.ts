import fc from "fast-check";
import { expect, test } from "vitest";
import type { HttpRequest } from "../model/call.ts";
import { editedHeaders } from "../model/edited-headers.ts";
import { effectsOf } from "../model/header-effects.ts";
import { cover } from "./cover.ts";
import { Diagrams, TooLarge, type Diagram } from "./diagrams.ts";
import { beforeEdits } from "./edited.ts";
import { answerTo, type RequestTest } from "./request-test.ts";
import { Space } from "./space.ts";
import { isSubset } from "./subset.ts";

/** Few tests that lie close to each other, and every request that they can tell from another. */
const tests: readonly RequestTest[] = [
  { of: "connection" },
  { of: "method", kind: "exact", value: "GET" },
  { of: "method", kind: "exact", value: "PUT" },
  { of: "path", kind: "exact", value: "/a" },
  { of: "path", kind: "prefix", value: "/a/" },
  { of: "path", kind: "prefix", value: "/a/b" },
  { of: "path", kind: "exact", value: "/a/b" },
  { of: "host", kind: "exact", value: "a.example.com" },
  { of: "host", kind: "suffix", value: ".example.com" },
  { of: "header", name: "x", kind: "present" },
  { of: "header", name: "x", kind: "prefix", value: "ja" },
  { of: "header", name: "x", kind: "exact", value: "ja" },
  { of: "header", name: "x", kind: "exact", value: "jason" },
  { of: "header", name: "x", kind: "only", values: ["jason"] },
  { of: "header", name: "y", kind: "exact", value: "1" },
];

const lines = (values: readonly string[], most: number): readonly (readonly string[])[] =>
  most === 0 ? [[]] : [[], ...values.flatMap((value) => lines(values, most - 1).map((rest) => [value, ...rest]))];
const distinct = <T>(all: readonly T[]): readonly T[] => [
  ...new Map(all.map((one) => [JSON.stringify(one), one])).values(),
];

const universe: readonly (HttpRequest | "connection")[] = [
  "connection",
  ...["GET", "PUT", "POST"].flatMap((method) =>
    ["/", "/a", "/a/", "/a/c", "/a/b", "/a/bc"].flatMap((target) =>
      ["a.example.com", "b.example.com", "example.com"].flatMap((host) =>
        distinct(lines(["ja", "jas", "jason", "other"], 3)).flatMap((x) =>
          [[], ["1"], ["2"]].map((y) => ({
            method,
            target,
            host,
            headers: [...x.map((value) => ["x", value] as const), ...y.map((value) => ["y", value] as const)],
          })),
        ),
      ),
    ),
  ),
];

/** A set as somebody would write it down, to be built and to be asked of one request after another. */
type Expression =
  | { readonly kind: "test"; readonly test: RequestTest }
  | { readonly kind: "not"; readonly of: Expression }
  | { readonly kind: "and" | "or"; readonly left: Expression; readonly right: Expression };

const { expression } = fc.letrec<{ readonly expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant("test" as const), test: fc.constantFrom(...tests) }),
    fc.record({ kind: fc.constant("not" as const), of: tie("expression") }),
    fc.record({
      kind: fc.constantFrom("and" as const, "or" as const),
      left: tie("expression"),
      right: tie("expression"),
    }),
  ),
}));

const built = (of: Expression, diagrams: Diagrams): Diagram => {
  switch (of.kind) {
    case "test":
      return diagrams.test(of.test);
    case "not":
      return diagrams.not(built(of.of, diagrams));
    case "and":
      return diagrams.and(built(of.left, diagrams), built(of.right, diagrams));
    case "or":
      return diagrams.or(built(of.left, diagrams), built(of.right, diagrams));
  }
};

const holds = (of: Expression, request: HttpRequest | "connection"): boolean => {
  switch (of.kind) {
    case "test":
      return answerTo(of.test, request);
    case "not":
      return !holds(of.of, request);
    case "and":
      return holds(of.left, request) && holds(of.right, request);
    case "or":
      return holds(of.left, request) || holds(of.right, request);
  }
};

const runs = { numRuns: 300 };
const fewRuns = { numRuns: 40 };

test("a set has the requests that it was made of, is empty where no request is, and has a witness where one is", () => {
  fc.assert(
    fc.property(expression, (one) => {
      const space = new Space("base");
      const set = built(one, space.diagrams);
      const members = universe.filter((request) => holds(one, request));
      for (const request of universe.filter((_, index) => index % 17 === 0))
        expect(space.has(set, request)).toBe(holds(one, request));
      expect(space.isEmpty(set)).toBe(members.length === 0);
      const witness = space.witness(set);
      expect(witness === undefined).toBe(members.length === 0);
      if (witness !== undefined) expect(holds(one, witness)).toBe(true);
    }),
    runs,
  );
});

test("a set is a part of another, and equal to it, exactly where every request says so", () => {
  fc.assert(
    fc.property(expression, expression, (one, other) => {
      const space = new Space("base");
      const [a, b] = [built(one, space.diagrams), built(other, space.diagrams)];
      expect(isSubset(a, b, space)).toBe(universe.every((request) => !holds(one, request) || holds(other, request)));
      expect(space.isEmpty(space.diagrams.differing(a, b))).toBe(
        universe.every((request) => holds(one, request) === holds(other, request)),
      );
    }),
    runs,
  );
});

test("descriptions hold of every request of the least, and of none outside the most", () => {
  fc.assert(
    fc.property(expression, expression, (one, other) => {
      const space = new Space("base");
      const { diagrams } = space;
      const least = diagrams.and(built(one, diagrams), built(other, diagrams));
      const most = diagrams.or(built(one, diagrams), space.impossible(built(one, diagrams)));
      const cubes = cover(least, most, diagrams);
      for (const request of universe) {
        const described = cubes.some((cube) =>
          cube.every(({ test: asked, holds: answer }) => answerTo(asked, request) === answer),
        );
        if (space.has(least, request)) expect(described).toBe(true);
        if (described) expect(holds(one, request)).toBe(true);
      }
    }),
    fewRuns,
  );
});

test("what a proxy's edits make of a request is in a set exactly where the request is in the set before the edits", () => {
  const edits = fc.record({
    remove: fc.constantFrom([], ["x"], ["y"]),
    set: fc.constantFrom<readonly (readonly [string, string])[]>([], [["x", "jason"]], [["y", "1"]]),
    add: fc.constantFrom<readonly (readonly [string, string])[]>([], [["x", "ja"]], [["y", "2"]]),
  });
  fc.assert(
    fc.property(expression, edits, (one, edit) => {
      const space = new Space("base");
      const before = beforeEdits(built(one, space.diagrams), effectsOf(edit), space.diagrams);
      for (const request of universe) {
        if (request === "connection") continue;
        const edited = { ...request, headers: editedHeaders(request.headers, edit) };
        expect(space.has(before, request)).toBe(holds(one, edited));
      }
    }),
    fewRuns,
  );
});

test("what takes more than it is worth is inconclusive, never a guess", () => {
  const many = (diagrams: Diagrams): Diagram =>
    Array.from({ length: 40 }, (_, index) => index).reduce<Diagram>(
      (all, index) =>
        diagrams.or(
          all,
          diagrams.and(
            diagrams.test({ of: "header", name: `a${index}`, kind: "present" }),
            diagrams.test({ of: "header", name: `b${index}`, kind: "present" }),
          ),
        ),
      diagrams.no,
    );
  const crossed = new Diagrams(500);
  // The worst order: all of one side before all of the other.
  crossed.name(
    ["a", "b"].flatMap((side) =>
      Array.from({ length: 40 }, (_, index): RequestTest => ({
        of: "header",
        name: `${side}${index}`,
        kind: "present",
      })),
    ),
  );
  expect(() => many(crossed)).toThrow(TooLarge);
  const space = new Space("base", new Diagrams(60));
  const sets = ["u", "v", "w"].map((name) => space.diagrams.test({ of: "header", name, kind: "prefix", value: "1" }));
  const wide = Array.from({ length: 30 }, (_, index) => index);
  const huge = (): boolean | "inconclusive" => {
    try {
      const all = wide.map((index) => space.diagrams.test({ of: "path", kind: "exact", value: `/${index}` }));
      return isSubset(space.diagrams.or(...all, ...sets), space.diagrams.no, space);
    } catch (error) {
      if (error instanceof TooLarge) return "inconclusive";
      throw error;
    }
  };
  expect(huge()).toBe("inconclusive");
});
