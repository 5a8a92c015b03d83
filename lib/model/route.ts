import type { Origin } from "../diagnostics/origin.ts";
import type { Host } from "./selector.ts";

/** One routing decision with every name resolved. Absence carries no meaning: a route without a limit says "none". */
export interface Route {
  /** Any of them; never empty. */
  readonly matches: readonly Match[];
  /** At least one, each with weight above zero; none where the proxy responds. */
  readonly backends: readonly Backend[];
  /**
   * What the proxy that routes responds by itself. INVARIANT: such a route has no backends, no limit, no retries and no edits
   * of the request.
   */
  readonly directResponse: DirectResponse | "none";
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
  /** In one order (`headerConditions`). Of one name at most one says what there must be; any number, what there must not. */
  readonly headers: readonly HeaderMatch[];
}

/** Of the normalised path without its query. `prefix` is of the string: "/a" also begins "/ab". */
export type PathMatch =
  | { readonly kind: "any" }
  | { readonly kind: "exact"; readonly value: string }
  | { readonly kind: "prefix"; readonly value: string };

/** Names in lower case. */
export type HeaderMatch = StatedHeader | ExcludedHeader;

/** Holds of one of a header's values. */
export type StatedHeader =
  | { readonly name: string; readonly kind: "exact"; readonly value: string }
  | { readonly name: string; readonly kind: "prefix"; readonly value: string }
  | { readonly name: string; readonly kind: "present" };

/** Holds of none of them: where there are none, too. */
export type ExcludedHeader =
  | { readonly name: string; readonly kind: "not-exact"; readonly value: string }
  | { readonly name: string; readonly kind: "not-prefix"; readonly value: string }
  | { readonly name: string; readonly kind: "absent" };

export interface DirectResponse {
  readonly status: number;
  /** As text; empty: none. */
  readonly body: string;
}

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

/** What a route says of itself beside its conditions where the proxy responds. */
export const responding = (directResponse: DirectResponse) =>
  ({ backends: [], directResponse, timeout: "none", retries: "none", requestHeaders: noEdits }) as const;
