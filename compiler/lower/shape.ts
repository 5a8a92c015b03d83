import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import type { EvaluatedModule } from "./intents.ts";

/** What is not shaped as the types of `lib/intent` say; types can be cast away, and lowering relies on them. */
export const shapeViolations = (_config: unknown, _modules: readonly EvaluatedModule[]): readonly Diagnostic[] => [];
