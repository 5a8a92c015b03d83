import type { AccessRule } from "../model/authorization.ts";
import { excludedBy, isStated } from "../model/header-conditions.ts";
import type { HeaderMatch, Match, PathMatch, StatedHeader } from "../model/route.ts";
import type { Diagram, Diagrams } from "./diagrams.ts";
import type { RequestTest } from "./request-test.ts";

/** The HTTP requests of which a match holds. */
export const matchSet = ({ path, headers }: Match, diagrams: Diagrams): Diagram =>
  diagrams.and(pathSet(path, diagrams), ...headers.map((header) => headerSet(header, diagrams)));

export const matchesSet = (matches: readonly Match[], diagrams: Diagrams): Diagram =>
  diagrams.or(...matches.map((match) => matchSet(match, diagrams)));

/** What an access rule asks of the request itself; a rule that asks nothing holds of connections too. */
export const ruleSet = ({ methods, paths }: Pick<AccessRule, "methods" | "paths">, diagrams: Diagrams): Diagram => {
  const asked = diagrams.and(
    methods === "any"
      ? diagrams.yes
      : diagrams.or(...methods.map((value) => diagrams.test({ of: "method", kind: "exact", value }))),
    paths === "any" ? diagrams.yes : diagrams.or(...paths.map((path) => pathSet(path, diagrams))),
  );
  return methods === "any" && paths === "any"
    ? diagrams.yes
    : diagrams.ite(diagrams.test({ of: "connection" }), diagrams.no, asked);
};

/** The tests that a match asks. */
export const testsOf = ({ path, headers }: Match): readonly RequestTest[] => [
  ...pathTests(path),
  ...headers.map((header) => headerTest(isStated(header) ? header : excludedBy(header))),
];

export const pathTests = (path: PathMatch): readonly RequestTest[] =>
  path.kind === "any" || isEveryPath(path) ? [] : [{ of: "path", kind: path.kind, value: path.value }];

const pathSet = (path: PathMatch, diagrams: Diagrams): Diagram => {
  const [test] = pathTests(path);
  return test === undefined ? diagrams.yes : diagrams.test(test);
};

/** Every path begins with `/`. */
const isEveryPath = (path: PathMatch): boolean => path.kind === "prefix" && "/".startsWith(path.value);

const headerSet = (header: HeaderMatch, diagrams: Diagrams): Diagram =>
  isStated(header) ? diagrams.test(headerTest(header)) : diagrams.not(diagrams.test(headerTest(excludedBy(header))));

/** Every value begins with nothing. */
const headerTest = (header: StatedHeader): RequestTest =>
  header.kind === "present" || (header.kind === "prefix" && header.value === "")
    ? { of: "header", name: header.name, kind: "present" }
    : { of: "header", name: header.name, kind: header.kind, value: header.value };
