import type { HeaderEffect, HeaderEffects } from "../model/header-effects.ts";
import type { Diagram, Diagrams } from "./diagrams.ts";
import { acceptsLines, type HeaderTest } from "./request-test.ts";

/** A function of requests as a proxy sends them on, as a function of requests as they reach it. */
export const beforeEdits = <T>(diagram: Diagram<T>, effects: HeaderEffects, diagrams: Diagrams): Diagram<T> => {
  if (effects.length === 0) return diagram;
  const byName = new Map(effects);
  return diagrams.substituted(diagram, (test) => {
    const effect = test.of === "header" ? byName.get(test.name) : undefined;
    return effect === undefined ? diagrams.test(test) : preimage(test as HeaderTest, effect, diagrams);
  });
};

/** The requests that answer a test with yes once a header's lines were replaced or added to. */
const preimage = (test: HeaderTest, { keeps, values }: HeaderEffect, diagrams: Diagrams): Diagram => {
  if (!keeps) return acceptsLines(test, values) ? diagrams.yes : diagrams.no;
  if (test.kind === "only") return linesBefore(test.name, values, test.values, diagrams);
  return acceptsLines(test, values) ? diagrams.yes : diagrams.test(test);
};

/** The requests whose lines of a header are these once some were added. */
export const linesBefore = (
  name: string,
  added: readonly string[],
  wanted: readonly string[],
  diagrams: Diagrams,
): Diagram => {
  const kept = wanted.length - added.length;
  if (kept < 0 || !added.every((value, index) => value === wanted[kept + index])) return diagrams.no;
  return kept === 0
    ? diagrams.not(diagrams.test({ of: "header", name, kind: "present" }))
    : diagrams.test({ of: "header", name, kind: "only", values: wanted.slice(0, kept) });
};
