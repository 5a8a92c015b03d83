import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";

/** A diagnostic as it is kept: in words, with the line that it is about. */
export interface Kept {
  readonly code: string;
  readonly severity: Diagnostic["severity"];
  readonly message: string;
  /** `bookinfo/reviews.ts:12:5`, relative to the mesh folder; undefined where it has no place. */
  readonly at: string | undefined;
}

/** Where authored values stand. */
export type SpansOf = (origins: readonly Origin[]) => Promise<ReadonlyMap<Origin, Span>>;

export const placeOf = ({ file, line, column }: Span): string => `${file}:${line}:${column}`;

/** Diagnostics as they are kept, each with its line found. */
export const kept = async (diagnostics: readonly Diagnostic[], spansOf: SpansOf): Promise<readonly Kept[]> => {
  const origins = diagnostics.flatMap(({ place }) => (place && "origin" in place ? [place.origin] : []));
  const spans =
    origins.length > 0 ? await spansOf(origins).catch(() => new Map<Origin, Span>()) : new Map<Origin, Span>();
  return diagnostics.map(({ code, severity, message, place }) => {
    const span = place && ("span" in place ? place.span : spans.get(place.origin));
    return { code, severity, message, at: span && placeOf(span) };
  });
};
