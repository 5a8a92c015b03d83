import type { SpiffeId } from "../../../lib/model/selector.ts";
import type { Endpoint } from "../../../targets/native/config.ts";

/** One request and what came of it. */
export interface ExchangeRecord {
  readonly role: "outbound" | "inbound" | "gateway";
  readonly startedAt: number;
  readonly milliseconds: number;
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly requestId: string;
  /** As the caller heard it; 0 where it heard none. */
  readonly status: number;
  /** Why the proxy answered, or why the exchange broke off; empty where the upstream answered. */
  readonly reason: string;
  readonly attempts: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly service: string;
  readonly cluster: string;
  readonly endpoint: Endpoint | undefined;
  readonly callerAddress: string;
  readonly caller: SpiffeId | undefined;
}

export interface ConnectionRecord {
  readonly role: "outbound" | "inbound" | "gateway";
  readonly startedAt: number;
  readonly milliseconds: number;
  readonly reason: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly cluster: string;
  readonly endpoint: Endpoint | undefined;
  readonly callerAddress: string;
  readonly caller: SpiffeId | undefined;
}

/** A connection on which TLS was not agreed on. */
export interface HandshakeFailure {
  /** Whether the other end called, or was called. */
  readonly side: "downstream" | "upstream";
  readonly address: string;
  /** One of few: OpenSSL's and Node's own, and `WRONG_IDENTITY`. */
  readonly code: string;
  /** In words. */
  readonly reason: string;
}

/** Who is told of what the proxy does; never asked on the way. */
export interface Telemetry {
  readonly exchanged: (record: ExchangeRecord) => void;
  readonly connected: (record: ConnectionRecord) => void;
  readonly handshakeFailed: (failure: HandshakeFailure) => void;
}
