import type { External } from "./external.ts";
import type { HttpServiceRef, SubsetHandle } from "./handles.ts";
import type { Retries, Timeout } from "./limits.ts";
import type { When } from "./match.ts";
import type { Refuse } from "./refuse.ts";
import type { Split } from "./split.ts";

export interface RouteIntent {
  /** Absent: every request. */
  readonly when?: When | readonly When[];
  readonly to: HttpServiceRef | SubsetHandle | Split | External;
  readonly timeout?: Timeout;
  /** Absent: the platform's default retries. */
  readonly retries?: Retries | "none";
  readonly headers?: { readonly request?: HeaderEdits; readonly response?: HeaderEdits };
  readonly weights?: Refuse<"weights belong to a split: `to: split(reviews, { v1: 90, v2: 10 })`">;
  readonly mtls?: Refuse<"mTLS is decided by the callee for all its callers: write `mtls` beside `routes`">;
}

/** Removals first, then `set` (replaces every value), then `add` (one more value). A name stands in one of them only. */
export interface HeaderEdits {
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

export interface Route extends RouteIntent {
  readonly kind: "route";
}

/** One rule of an ordered list: the first whose `when` holds decides. */
export const route = (intent: RouteIntent): Route => ({ kind: "route", ...intent });
