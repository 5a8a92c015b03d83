import type { WorkloadId } from "../graph/graph.ts";
import type { Host } from "./mesh.ts";

/**
 * One attempt to reach something. Address, port and the request's host are independent: nothing stops a caller from
 * dialling one service and naming another.
 */
export interface Call {
  /** Who calls; "outside": somebody who is not in the graph, without an identity. */
  readonly from: WorkloadId | "outside";
  readonly to: Address;
  readonly port: number;
  /** "connection": bytes that are not HTTP. */
  readonly request: HttpRequest | "connection";
}

/** The address dialled: a service's own, a workload's (a pod's), or any other. */
export type Address =
  | { readonly kind: "destination"; readonly host: Host }
  | { readonly kind: "workload"; readonly workload: WorkloadId }
  | { readonly kind: "elsewhere" };

export interface HttpRequest {
  readonly method: string;
  /** Path and query as on the request line; begins with `/`. */
  readonly target: string;
  /** The Host header, perhaps with a port. */
  readonly host: string;
  /** Names in lower case, without `host`, in order; a name may stand several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** The values of a header as they stand in the request; none where it is not there. */
export const headerValues = (request: HttpRequest, name: string): readonly string[] =>
  request.headers.filter(([key]) => key === name).map(([, value]) => value);

/** The path without query or fragment. */
export const pathOf = (request: HttpRequest): string => request.target.replace(/[?#].*$/s, "");
