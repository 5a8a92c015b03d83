import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { WorkloadId } from "../../lib/graph/graph.ts";
import type { Call } from "../../lib/model/call.ts";
import type { RequestTest } from "../../lib/requests/request-test.ts";

/** What a change may do to those who depend on what was, worst first; gates are made of these (`--fail-on`). */
export const risks = [
  "opens-access",
  "weakens-mtls",
  "denies-traffic",
  "reroutes",
  "widens-scope",
  "drops-resilience",
  "needs-staging",
  "unproved",
] as const;
export type Risk = (typeof risks)[number];

export interface MeshChanges {
  /** What it means, most important first; one sentence each. */
  readonly summary: readonly string[];
  readonly changes: readonly Change[];
}

export interface Change {
  readonly kind:
    | "access"
    | "routing"
    | "resilience"
    | "headers"
    | "tls"
    | "answer"
    | "mtls"
    | "scope"
    | "graph"
    | "staging"
    | "unproved";
  /** What it is about: a service as `namespace/name`, a workload, an external's host. */
  readonly subject: string;
  /** One line: `v2 10 % → 50 %`. */
  readonly title: string;
  readonly risks: readonly Risk[];
  /** Of access: whether these callers got through with nothing before, or get through with nothing now. */
  readonly isWhole?: boolean;
  /** Whose requests, and which; empty for what is about no request. */
  readonly sets: readonly ChangedSet[];
  readonly before: string;
  readonly after: string;
  /** A call that shows it. */
  readonly witness?: Call;
  /** What was written that decides it, in the revision that has it. */
  readonly causes: readonly Cause[];
}

export interface ChangedSet {
  readonly callers: readonly (WorkloadId | "outside")[];
  /** In words: `productpage`, `everyone`. */
  readonly who: string;
  /** The same by name: services, or workloads that none or several services have. */
  readonly from: readonly string[];
  /** Alternatives, in words. */
  readonly requests: readonly string[];
  /** The same as data: a request is in the set if all tests of one of the lists answer so. */
  readonly tests: readonly (readonly (RequestTest & { readonly holds: boolean })[])[];
}

export interface Cause {
  readonly revision: "base" | "head";
  readonly origin: Origin;
}
