import type { Socket } from "node:net";
import type { HeadLimits, TrailerLimits } from "../http1/limits.ts";
import type { Telemetry } from "../telemetry/exchange-record.ts";
import type { Peer } from "./site.ts";

export interface HttpLimits {
  readonly head: HeadLimits;
  readonly trailers: TrailerLimits;
  /** From the first byte of a head to its last. */
  readonly headMs: number;
  /** How long a connection waits for its next request; for its first it has `headMs`. */
  readonly idleMs: number;
  /** How long a body may stand still: neither comes more of a request, nor is more of a response taken. */
  readonly stalledMs: number;
  /** Of a request's body that are kept to send them again. */
  readonly replayBytes: number;
}

/** What all connections of a proxy share. */
export interface HttpSettings {
  readonly limits: HttpLimits;
  readonly telemetry: Telemetry;
  /** Whether the proxy is on its way out: connections end with their exchange. */
  readonly isDraining: () => boolean;
  /** This proxy's own SPIFFE id. */
  readonly identity: string;
}

/** The caller's side of an exchange. */
export interface Downstream {
  readonly socket: Socket;
  readonly peer: Peer;
  readonly settings: HttpSettings;
  /** Whether the connection ends with its exchange. */
  readonly isDraining: boolean;
  /** The exchange is over; the connection goes on, or ends. */
  readonly finished: (keepsAlive: boolean) => void;
  /** What came ahead of an upgrade's being granted; asked for once. */
  readonly early: () => Buffer | undefined;
}
