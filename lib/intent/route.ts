import type { External } from "./external.ts";
import type { HttpServiceRef, SubsetHandle } from "./handles.ts";
import type { Retries, Timeout } from "./limits.ts";
import type { When } from "./match.ts";
import type { Refuse } from "./refuse.ts";
import type { Split } from "./split.ts";

export type RouteIntent = Forwarding | Responding;

interface Rule {
  /** Absent: every request. */
  readonly when?: When | readonly When[];
  readonly weights?: Refuse<"weights belong to a split: `to: split(reviews, { v1: 90, v2: 10 })`">;
  readonly mtls?: Refuse<"mTLS is decided by the callee for all its callers: write `mtls` beside `routes`">;
}

/** Requests go on to somebody. */
export interface Forwarding extends Rule {
  readonly to: HttpServiceRef | SubsetHandle | Split | External;
  readonly timeout?: Timeout;
  /** Absent: the platform's default retries. */
  readonly retries?: Retries | "none";
  readonly headers?: { readonly request?: HeaderEdits; readonly response?: HeaderEdits };
  readonly respond?: Refuse<"a route leads `to` somebody or has a response of its own: only one of them">;
}

/** The caller's own proxy or the gateway responds, and nobody is asked: not the callee, and not its authorization. */
export interface Responding extends Rule {
  readonly respond: DirectResponse;
  readonly headers?: {
    readonly request?: Refuse<"nobody receives the request of a route that responds: edit the `response`">;
    readonly response?: HeaderEdits;
  };
  readonly to?: Refuse<"a route leads `to` somebody or has a response of its own: only one of them">;
  readonly timeout?: Refuse<"a response of the proxy's own is not waited for">;
  readonly retries?: Refuse<"a response of the proxy's own is not asked for again">;
}

export interface DirectResponse {
  /** From 200 to 599. */
  readonly status: number;
  /** At most a mebibyte in UTF-8, `text/plain` unless `headers.response` sets `content-type`; not sent to HEAD. Absent: none. */
  readonly body?: string;
}

/** Removals first, then `set` (replaces every value), then `add` (one more value). A name stands in one of them only. */
export interface HeaderEdits {
  readonly set?: Readonly<Record<string, string>>;
  readonly add?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

export type Route = RouteIntent & { readonly kind: "route" };

/** One rule of an ordered list: the first whose `when` holds decides. */
export const route = (intent: RouteIntent): Route => ({ kind: "route", ...intent });
