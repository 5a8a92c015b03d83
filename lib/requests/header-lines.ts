import type { Diagram, Diagrams } from "./diagrams.ts";
import { acceptsLines, type HeaderTest, type Pattern } from "./request-test.ts";
import { headerLines, stringRegions } from "./string-regions.ts";

/**
 * Which answers to tests of one header some request has. A header may have many lines, so two values do not exclude
 * each other; but who has a line that begins with `jason` has one that begins with `jas`, and who has either has the header.
 */
export const headerAnswers = (tests: readonly HeaderTest[], diagrams: Diagrams): Diagram => {
  const { no, yes } = diagrams;
  const implied = tests.flatMap((test) =>
    tests
      .filter((other) => other !== test && implies(test, other))
      .map((other) => diagrams.ite(diagrams.test(test), diagrams.test(other), yes)),
  );
  // Whose lines are known answers every test.
  const known = tests.flatMap((test) =>
    test.kind === "only"
      ? tests
          .filter((other) => other !== test && !acceptsLines(other, test.values))
          .map((other) => diagrams.ite(diagrams.test(test), diagrams.ite(diagrams.test(other), no, yes), yes))
      : [],
  );
  return diagrams.and(...implied, ...known);
};

const implies = (test: HeaderTest, other: HeaderTest): boolean => {
  switch (test.kind) {
    case "present":
      return false;
    case "only":
      return acceptsLines(other, test.values);
    case "exact":
      return other.kind !== "only" && acceptsLines(other, [test.value]);
    case "prefix":
      return other.kind === "present" || (other.kind === "prefix" && test.value.startsWith(other.value));
  }
};

/** Lines that answer every test of one header as asked, and as few as can be. */
export const headerLinesFor = (
  tests: readonly HeaderTest[],
  holds: (test: HeaderTest) => boolean,
): readonly string[] => {
  const only = tests.find((test) => test.kind === "only" && holds(test));
  if (only?.kind === "only") return only.values;
  const patterns = tests.filter(
    (test): test is HeaderTest & Pattern => test.kind === "exact" || test.kind === "prefix",
  );
  const held = new Set(patterns.filter(holds));
  const regions = stringRegions(patterns, headerLines);
  const lines: string[] = [];
  const left = new Set(held);
  // A line that answers much at once leaves fewer to write.
  for (const { holds: answers, sample } of [...regions].sort((a, b) => b.holds.size - a.holds.size)) {
    if (!answers.isSubsetOf(held) || answers.isDisjointFrom(left)) continue;
    lines.push(sample);
    for (const test of answers) left.delete(test);
  }
  const isPresent = tests.some((test) => test.kind !== "only" && holds(test));
  const nothingTold = regions.find(({ holds: answers }) => answers.size === 0)?.sample ?? "x";
  if (lines.length === 0 && isPresent) lines.push(nothingTold);
  // A second line like the first answers everything alike, but for "only these".
  while (tests.some((test) => test.kind === "only" && acceptsLines(test, lines))) lines.push(lines[0]!);
  return lines;
};
