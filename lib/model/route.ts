import type { Origin } from "../diagnostics/origin.ts";
import type { Host } from "./selector.ts";

/** One routing decision with every name resolved. Absence carries no meaning: a route without a limit says "none". */
export interface Route {
  /** Any of them; never empty. */
  readonly matches: readonly Match[];
  /** At least one, each with weight above zero. */
  readonly backends: readonly Backend[];
  /** Milliseconds for the whole exchange, retries included. */
  readonly timeout: number | "none";
  readonly retries: RetryPolicy | "none";
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
  readonly origin: Origin;
}

/** All of it must hold. */
export interface Match {
  readonly path: PathMatch;
  /** Sorted by name; one condition a name. */
  readonly headers: readonly HeaderMatch[];
}

/** Of the normalised path without its query. `prefix` is of the string: "/a" also begins "/ab". */
export type PathMatch =
  | { readonly kind: "any" }
  | { readonly kind: "exact"; readonly value: string }
  | { readonly kind: "prefix"; readonly value: string };

/** Of one of a header's values; names in lower case. */
export type HeaderMatch =
  | { readonly name: string; readonly kind: "exact"; readonly value: string }
  | { readonly name: string; readonly kind: "prefix"; readonly value: string }
  | { readonly name: string; readonly kind: "present" }
  | { readonly name: string; readonly kind: "absent" };

export interface Backend {
  readonly host: Host;
  readonly port: number;
  readonly subset: string | "any";
  /** A whole number; its share is this over the sum of the route's weights. */
  readonly weight: number;
}

export interface RetryPolicy {
  /** Retries after the first attempt. */
  readonly attempts: number;
  /** Milliseconds of each attempt. */
  readonly perTry: number | "none";
  /** Conditions in Envoy's words, sorted; statuses as numbers in `statuses`. */
  readonly on: readonly string[];
  readonly statuses: readonly number[];
}

/** Removals first, then `set`, then `add`; each sorted by name, names in lower case. */
export interface HeaderEdits {
  readonly remove: readonly string[];
  readonly set: readonly (readonly [name: string, value: string])[];
  readonly add: readonly (readonly [name: string, value: string])[];
}

export const noEdits: HeaderEdits = { remove: [], set: [], add: [] };

export const matchesEverything = (match: Match): boolean => match.path.kind === "any" && match.headers.length === 0;
