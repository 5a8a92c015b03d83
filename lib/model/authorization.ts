import type { Origin } from "../diagnostics/origin.ts";
import type { Selector, SpiffeId } from "./selector.ts";
import type { PathMatch } from "./route.ts";

/** Rules on who may do what; `allow` without rules lets nobody in. */
export interface Authorization {
  readonly selector: Selector;
  readonly action: "allow" | "deny";
  readonly rules: readonly AccessRule[];
  readonly origin: Origin;
}

export interface AccessRule {
  readonly from: Principals;
  /** Ports of the workload, sorted; never empty, like every list of a rule: platforms read "none" as "any". */
  readonly ports: "any" | readonly number[];
  /** Methods in capitals, sorted. Anything but "any" never matches a connection without HTTP. */
  readonly methods: "any" | readonly string[];
  readonly paths: "any" | readonly PathMatch[];
  readonly origin: Origin;
}

/** `anyone` includes callers without an identity, `authenticated` does not. */
export type Principals = "anyone" | "authenticated" | readonly Principal[];

/** A SPIFFE id, or a prefix of one that ends in `/`. */
export interface Principal {
  readonly kind: "exact" | "prefix";
  readonly id: SpiffeId;
}

/** Whether a caller is one of them; `undefined` is a caller without an identity. */
export const includes = (principals: Principals, caller: SpiffeId | undefined): boolean => {
  if (principals === "anyone") return true;
  if (caller === undefined) return false;
  if (principals === "authenticated") return true;
  return principals.some(({ kind, id }) => (kind === "exact" ? caller === id : caller.startsWith(id)));
};
