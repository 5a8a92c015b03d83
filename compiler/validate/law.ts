import { diagnostic, type Code, type ParametersOf } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Related } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Intents } from "../lower/intents.ts";

/** What a law may look at: what was written, what exists, and what it means. */
export interface Subject extends Intents, Mesh {
  readonly graph: ServiceGraph;
}

/** One thing that must hold of a whole mesh. */
export type Law = (subject: Subject) => readonly Diagnostic[];

export type Report<C extends Code> = (
  origin: Origin,
  parameters: ParametersOf<C>,
  related?: readonly Related[],
) => void;

/**
 * A law of the catalog: its check reports every place where it does not hold. It is given the parts of the subject that it
 * names and no others, so that what it found stays true for as long as those parts are the same.
 */
export const law = <C extends Code, P extends keyof Subject>(
  code: C,
  parts: readonly P[],
  check: (given: Pick<Subject, P>, report: Report<C>) => void,
): Law => {
  const memory = new WeakMap<ServiceGraph, Finding<Pick<Subject, P>>>();
  return (subject) => {
    const given = picked(subject, parts);
    const known = memory.get(subject.graph);
    if (known && isSame(known.given, given)) return known.found;
    const found = reported(code, (report) => check(given, report));
    memory.set(subject.graph, { given, found });
    return found;
  };
};

/** The lists of a subject whose members a law can be about, one by one. */
type Listed = "policies" | "externals" | "ingresses" | "destinations" | "gateways" | "authorizations";

/** A law that holds of each member of some lists on its own: checked again only for members that are new, or where a part is. */
export const lawOfEach = <C extends Code, L extends Listed, P extends keyof Subject = never>(
  code: C,
  lists: L | readonly L[],
  parts: readonly P[],
  check: (member: Subject[L][number], given: Pick<Subject, P>, report: Report<C>) => void,
): Law => {
  const memory = new WeakMap<object, Finding<Pick<Subject, P>>>();
  const all: readonly L[] = typeof lists === "string" ? [lists] : lists;
  let last: Pick<Subject, P> | undefined;
  return (subject) => {
    const now = picked(subject, parts);
    // One object for as long as it says the same: thousands of members compare it.
    const given = last !== undefined && isSame(last, now) ? last : now;
    last = given;
    const found: Diagnostic[] = [];
    for (const list of all)
      for (const member of subject[list] as readonly Subject[L][number][]) {
        const known = memory.get(member);
        const finding =
          known?.given === given ? known : { given, found: reported(code, (report) => check(member, given, report)) };
        if (finding !== known) memory.set(member, finding);
        found.push(...finding.found);
      }
    return found;
  };
};

interface Finding<G> {
  readonly given: G;
  readonly found: readonly Diagnostic[];
}

const reported = <C extends Code>(code: C, check: (report: Report<C>) => void): readonly Diagnostic[] => {
  const found: Diagnostic[] = [];
  check((origin, parameters, related) => found.push(diagnostic(code, parameters, { place: { origin }, related })));
  return found;
};

const picked = <P extends keyof Subject>(subject: Subject, parts: readonly P[]): Pick<Subject, P> =>
  Object.fromEntries(parts.map((part) => [part, subject[part]])) as Pick<Subject, P>;

const isSame = <G extends object>(before: G, after: G): boolean =>
  before === after || (Object.keys(after) as (keyof G)[]).every((part) => before[part] === after[part]);
