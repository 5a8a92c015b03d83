import { diagnostic, type Code, type ParametersOf } from "../../lib/diagnostics/catalog.ts";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";

/** Ends the reading of a repository wherever it stands; whoever began it catches it, so that nobody outside sees a throw. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic;

  constructor(found: Diagnostic) {
    super(found.message);
    this.diagnostic = found;
  }
}

export const refusal = <C extends Code>(code: C, parameters: ParametersOf<C>): Refusal =>
  new Refusal(diagnostic(code, parameters));
