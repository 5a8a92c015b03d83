import type { Origin } from "../../diagnostics/origin.ts";
import type { WorkloadId } from "../../graph/graph.ts";
import type { HttpRequest } from "../call.ts";
import type { Fraction } from "../fraction.ts";
import type { Host } from "../mesh.ts";
import type { HeaderEdits, RetryPolicy } from "../route.ts";

/** What happens to a call: exact shares that add up to one. */
export interface Decision {
  readonly branches: readonly Branch[];
}

export interface Branch {
  readonly share: Fraction;
  /** Where it may end; more than one where the workloads behind one backend differ: the load balancer chooses. */
  readonly ends: readonly End[];
}

export interface End {
  /** Of the calls of its branch for which the load balancer chooses its way: one, unless that way splits again. */
  readonly share: Fraction;
  /** Workloads at which the call arrives; empty where it reaches none that the graph knows. */
  readonly workloads: readonly WorkloadId[];
  readonly outcome: Outcome;
  /** How each proxy on the way treats the call, in order; compared as a value. */
  readonly treatments: readonly Treatment[];
  /** What decided, in order. */
  readonly steps: readonly Step[];
}

export type Outcome =
  | {
      readonly kind: "delivered";
      /** What was addressed, where a route chose it. */
      readonly to: { readonly host: Host; readonly subset: string | "any" } | "as-dialled";
      readonly port: number;
      /** What the server receives, but for headers that proxies own. */
      readonly request: HttpRequest | "connection";
      /** TLS towards a server outside the mesh. */
      readonly tls: "none" | "mutual" | { readonly sni: string };
      readonly responseEdits: readonly HeaderEdits[];
    }
  | {
      readonly kind: "answered";
      readonly by: Hop;
      readonly status: number;
      readonly reason: AnswerReason;
      readonly body: AnswerBody;
      readonly responseEdits: readonly HeaderEdits[];
    }
  | { readonly kind: "closed"; readonly by: Hop; readonly reason: AnswerReason };

export type Hop = { readonly role: "caller" | "gateway" | "callee"; readonly workload: WorkloadId };

/** `own`: whatever words the proxy has for it. */
export type AnswerBody = { readonly text: string } | "own";

export type AnswerReason =
  | "direct-response"
  | "denied"
  | "not-allowed"
  | "no-route"
  | "unknown-host"
  | "out-of-scope"
  | "no-workload"
  | "no-listener"
  | "plain-text-refused"
  | "tls-refused"
  | "loop";

export interface Treatment {
  readonly at: WorkloadId;
  readonly role: "caller" | "gateway";
  readonly timeout: number | "none";
  readonly retries: RetryPolicy | "none";
}

/** One thing that was decided, in words, and what the author wrote that decided it. */
export interface Step {
  readonly at: WorkloadId | "outside";
  readonly says: string;
  readonly origin: Origin | undefined;
}
