import { diagnostic, type Code, type ParametersOf } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic, Related } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { ServiceGraph } from "../../lib/graph/graph.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Intents } from "../lower/intents.ts";

/** What a law may look at: what was written, what exists, and what it means. */
export interface Subject {
  readonly intents: Intents;
  readonly graph: ServiceGraph;
  readonly mesh: Mesh;
}

/** One thing that must hold of a whole mesh. */
export type Law = (subject: Subject) => readonly Diagnostic[];

/** A law of the catalog: its check reports every place where it does not hold. */
export const law =
  <C extends Code>(
    code: C,
    check: (
      subject: Subject,
      report: (origin: Origin, parameters: ParametersOf<C>, related?: readonly Related[]) => void,
    ) => void,
  ): Law =>
  (subject) => {
    const found: Diagnostic[] = [];
    check(subject, (origin, parameters, related) =>
      found.push(diagnostic(code, parameters, { place: { origin }, related })),
    );
    return found;
  };
