import type { RawHeader } from "./http1.ts";

/** A port of a workload, and what its echo speaks there. */
export interface ServedPort {
  readonly number: number;
  /** By which a Service may call it as target port. */
  readonly name?: string;
  readonly protocol: "http" | "tcp" | "https";
  /** Where it really listens, on loopback alone, as a proxy stands at its number; there itself when absent. */
  readonly behind?: number;
}

/** One request, written to the wire exactly as it stands here; a `content-length` is added for a body without one. */
export interface RigRequest {
  /** An IP address, or a name from the run's hosts file. */
  readonly to: string;
  readonly port: number;
  readonly method: string;
  readonly target: string;
  /** With Host where it should be sent, in this order. */
  readonly headers: readonly RawHeader[];
  readonly body?: string;
  /** Until the whole response has arrived; 10,000 when absent. */
  readonly timeoutMs?: number;
  /** Opens a connection of its own and closes it after. */
  readonly fresh?: boolean;
  /** Speaks TLS by hand, on a connection of its own: whatever a caller's proxy would do, or should not. */
  readonly tls?: TlsByHand;
}

/** How a client of the rig speaks TLS; PEM throughout. */
export interface TlsByHand {
  /** What it shows of itself; nothing when absent. */
  readonly own?: { readonly certificate: string; readonly key: string };
  /** Whom it believes. */
  readonly roots: string;
  /** The SPIFFE id that the server must prove. */
  readonly peer: string;
  readonly alpn: readonly string[];
}

export type RigResponse =
  | {
      readonly kind: "response";
      readonly status: number;
      readonly headers: readonly RawHeader[];
      readonly body: string;
      readonly ms: number;
      /** What the server says that it received; absent where no server of the rig answered. */
      readonly echo?: Echo;
    }
  | { readonly kind: "error"; readonly reason: string; readonly ms: number };

/** The JSON body of every answer of a rig's server: the request as it arrived. */
export interface Echo {
  /** `namespace/name`. */
  readonly workload: string;
  readonly pod: string;
  readonly port: number;
  readonly method: string;
  readonly target: string;
  readonly headers: readonly RawHeader[];
  readonly bodyLength: number;
  readonly remote: string;
  /** How often this `x-rig-id` has arrived: in this pod, or in all pods where the plan says `fail`. 0 without an id. */
  readonly attempt: number;
}

/** The request header `x-rig-plan`, as JSON: what the server shall do with this request. */
export interface Plan {
  /** The first so many attempts of this `x-rig-id`, counted over all pods, get this status; with "reset" the connection breaks instead. */
  readonly fail?: { readonly times: number; readonly status: number | "reset" };
  readonly delayMs?: number;
  /** Added to the response, in this order. */
  readonly headers?: readonly RawHeader[];
  /** Of attempts that do not fail; 200 when absent. */
  readonly status?: number;
}

export interface TcpCall {
  readonly to: string;
  readonly port: number;
  readonly data: string;
  readonly timeoutMs?: number;
}

/** A tcp port of the rig answers the first bytes with `namespace/name` and a newline, then closes. */
export type TcpAnswer =
  { readonly kind: "data"; readonly data: string } | { readonly kind: "error"; readonly reason: string };

/** What an agent reads at its start. */
export interface AgentSettings {
  /** Where it listens for the harness. */
  readonly controlSocket: string;
  readonly workload: string;
  readonly pod: string;
  /** A folder shared by all agents of a run, one file per counted request. */
  readonly countFolder: string;
  readonly certificate?: { readonly certificate: string; readonly key: string };
}

/** One line of JSON each on the control socket, answered by `{ id, result }` or `{ id, error }`. */
export type AgentCommand =
  | { readonly op: "serve"; readonly ports: readonly ServedPort[] }
  | { readonly op: "send"; readonly requests: readonly RigRequest[]; readonly concurrency: number }
  | { readonly op: "tcp"; readonly calls: readonly TcpCall[] }
  | { readonly op: "attempts" }
  | { readonly op: "forget" };
