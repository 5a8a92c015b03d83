import type { Refuse } from "./refuse.ts";
import type { Path } from "./units.ts";

/**
 * Which requests. Every stated condition must hold; several in a list: any of them.
 * Paths are compared after the platform's normalisation, without the query, case-sensitively.
 */
export type When =
  | ({ readonly path: Path; readonly prefix?: OnePath } & Headers)
  | ({ readonly prefix: Path; readonly path?: OnePath } & Headers)
  | ({ readonly headers: HeaderConditions; readonly path?: undefined; readonly prefix?: undefined } & Headers)
  | ({ readonly withoutHeaders: HeaderExclusions; readonly path?: undefined; readonly prefix?: undefined } & Headers);

interface Headers {
  readonly headers?: HeaderConditions;
  readonly withoutHeaders?: HeaderExclusions;
}

type OnePath = Refuse<"a condition has `path` (exactly this) or `prefix` (this and everything below it), not both">;

/**
 * By header name, in any case. A string: exactly this value. Where a header stands in several lines, one of them is
 * enough; a line is never split at its commas.
 */
export type HeaderConditions = Readonly<Record<string, HeaderCondition>>;

export type HeaderCondition = string | HeaderPrefix | HeaderPresence;

/**
 * By header name, in any case: what none of a header's lines may be. A request without the header has none that is
 * (Istio's `withoutHeaders`). A header may stand here and in `headers`: with this beginning, but not with that value.
 */
export type HeaderExclusions = Readonly<Record<string, HeaderExclusion>>;

export type HeaderExclusion = string | HeaderPrefix | ExcludedPresence;

interface ExcludedPresence {
  readonly header: Refuse<"a header that must not be there at all: `headers: { name: absent }`">;
  readonly prefix?: undefined;
}

export interface HeaderPrefix {
  readonly prefix: string;
  readonly header?: Refuse<"a header condition is a value, `{ prefix }`, `present` or `absent`: only one of them">;
}

export interface HeaderPresence {
  readonly header: "present" | "absent";
  readonly prefix?: Refuse<"a header condition is a value, `{ prefix }`, `present` or `absent`: only one of them">;
}

/** The header is there, with any value. */
export const present: HeaderPresence = { header: "present" };

/** The header is not there at all. */
export const absent: HeaderPresence = { header: "absent" };

/** In authorization: exactly this path, or this one and everything below it. */
export type PathCondition = Path | { readonly prefix: Path };
