import type { Diagnostic, Place } from "../../lib/diagnostics/diagnostic.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import type { Located } from "./text.ts";

/**
 * Diagnostics for programs: one array; every object has every key, in one order; what is not known is null.
 * `span` is `{ file, line, column, start, end }`: one-based line and column, zero-based UTF-16 offsets.
 */
export const diagnosticsJson = (diagnostics: readonly Diagnostic[], located: Located): string => {
  const spanOf = (place: Place | undefined): object | null => {
    const span = place && ("span" in place ? place.span : located(place.origin));
    return span ? plain(span) : null;
  };
  const objects = diagnostics.map(({ code, severity, message, place, related, fix }) => ({
    code,
    severity,
    message,
    span: spanOf(place),
    related: (related ?? []).map((each) => ({ message: each.message, span: spanOf(each.place) })),
    fix: fix ?? null,
  }));
  return `${JSON.stringify(objects, undefined, 2)}\n`;
};

const plain = ({ file, line, column, start, end }: Span): object => ({ file, line, column, start, end });
