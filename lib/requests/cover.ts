import type { Diagram, Diagrams } from "./diagrams.ts";
import type { RequestTest } from "./request-test.ts";

/** Requests of which all of these answers hold. */
export type Cube = readonly { readonly test: RequestTest; readonly holds: boolean }[];

/**
 * Few and short descriptions which together hold of every request of `least` and of none outside `most`: an irredundant
 * sum of products (Minato and Morreale, 1993). What lies between the two may be described or not, whichever is shorter.
 */
export const cover = (least: Diagram, most: Diagram, diagrams: Diagrams): readonly Cube[] => {
  const memo = new Map<string, { readonly cubes: readonly Cube[]; readonly set: Diagram }>();
  const visit = (lower: Diagram, upper: Diagram): { readonly cubes: readonly Cube[]; readonly set: Diagram } => {
    if (lower === diagrams.no) return { cubes: [], set: diagrams.no };
    if (upper === diagrams.yes) return { cubes: [[]], set: diagrams.yes };
    const key = `${lower} ${upper}`;
    const known = memo.get(key);
    if (known !== undefined) return known;
    const { test, high, low } = diagrams.splitTogether(lower, upper)!;
    const [lowerHigh, upperHigh] = high;
    const [lowerLow, upperLow] = low;
    const negative = visit(diagrams.and(lowerLow, diagrams.not(upperHigh)), upperLow);
    const positive = visit(diagrams.and(lowerHigh, diagrams.not(upperLow)), upperHigh);
    const rest = visit(
      diagrams.or(
        diagrams.and(lowerLow, diagrams.not(negative.set)),
        diagrams.and(lowerHigh, diagrams.not(positive.set)),
      ),
      diagrams.and(upperLow, upperHigh),
    );
    const literal = diagrams.test(test);
    const made = {
      cubes: [
        ...negative.cubes.map((cube) => [{ test, holds: false }, ...cube]),
        ...positive.cubes.map((cube) => [{ test, holds: true }, ...cube]),
        ...rest.cubes,
      ],
      set: diagrams.or(diagrams.ite(literal, positive.set, negative.set), rest.set),
    };
    memo.set(key, made);
    return made;
  };
  return visit(least, most).cubes;
};
