import type { Server } from "@grpc/grpc-js";
import type { ServedType } from "../served-type.ts";
import type { Log } from "../../log/log.ts";
import type { Served, View } from "../view.ts";
import type { Histogram } from "../../prometheus/histogram.ts";
import type { SessionLimits, Protocol } from "./session/session.ts";

/** Who is at the other end of a connection, as far as the transport vouches for it. */
export interface Peer {
  /** DER of the verified client certificate; undefined without one. */
  readonly certificate: Uint8Array | undefined;
  readonly address: string;
}

/** Who a client says it is: nothing of it is proved. */
export interface Node {
  readonly id: string;
  readonly cluster: string;
  readonly userAgent: string;
}

/** A client as whoever admitted it calls it. */
export interface Client {
  /** For logs and the admin view. */
  readonly name: string;
  /** Opaque: what `viewOf` goes by, and what streams are counted by. */
  readonly key: string;
  /** Whom it belongs to, with any number of others: whoever proves who it is may still call itself what it likes. */
  readonly owner?: string;
}

/** Whether a stream is served; the words of a refusal go to the client. Who hears that it is `unavailable` may try elsewhere. */
export type Admission =
  | { readonly client: Client }
  /** `isProved` is false where the certificate itself is not believed, or no more. */
  | { readonly refused: string; readonly isProved?: boolean }
  | { readonly unavailable: string };

/** Why a stream that was admitted is served no more. */
export interface Dismissal {
  readonly as: "unauthenticated" | "denied";
  readonly reason: string;
}

/** A client's NACK, with the resources that its message names, or else all of the response. */
export interface Refusal {
  readonly client: Client;
  readonly type: ServedType;
  readonly message: string;
  readonly resources: readonly Served[];
}

/** What one client may cost. */
export interface Limits extends SessionLimits {
  readonly requestBytes: number;
  /** What one stream may say beside its first request before it is admitted. */
  readonly waitingBytes: number;
  readonly streams: number;
  readonly streamsPerClient: number;
  /** Of all clients of one owner: as many pods as a service account may have, with one or two streams each. */
  readonly streamsPerOwner: number;
  /** On one connection at one time; whoever was not admitted yet has these too. */
  readonly streamsPerConnection: number;
  /** Of one stream. What comes faster waits in the client, by flow control: it is slowed down, not ended. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** A stream that says nothing this long after it opened is ended. */
  readonly firstMessageMs: number;
  /** How often a silent connection is asked whether it lives, and how long it may take to answer. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** How long a connection without streams is kept. */
  readonly idleMs: number;
}

/** Generous for an Envoy: 1,000 proxies with a few streams each, requests that name each of 10,000 clusters. */
export const defaultLimits: Limits = {
  names: 50_000,
  responseBytes: 1 << 20,
  subscriptionMs: 1000,
  drainMs: 0,
  requestBytes: 8 << 20,
  // Who comes back asks for all types at once, and says what it has of 10,000 clusters and their endpoints.
  waitingBytes: 4 << 20,
  streams: 10_000,
  streamsPerClient: 16,
  streamsPerOwner: 2000,
  streamsPerConnection: 16,
  requestsPerSecond: 200,
  requestBurst: 1000,
  firstMessageMs: 10_000,
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 20_000,
  idleMs: 300_000,
};

/** What the protocol needs to know of the world around it. */
export interface AdsOptions {
  /** May take its time, as issuing a certificate does; what the stream says meanwhile waits. */
  readonly admitted: (peer: Peer, node: Node) => Admission | Promise<Admission>;
  /** Whole, consistent, immutable; cheap to call again. A type whose map is the same object did not change. */
  readonly viewOf: (client: Client) => View;
  /** The one who says a NACK: nothing else is logged of it. */
  readonly onRefusal: (refusal: Refusal) => void;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
}

/** What one client asked for, took and still lacks, of one type. */
export interface TypeStatus {
  /** Whether it asked for everything there is. */
  readonly everything: boolean;
  readonly subscribed: readonly string[];
  readonly acknowledged: ReadonlyMap<string, string>;
  readonly pending: readonly string[];
  /** Names that are held back as the client refused them, each with its words. */
  readonly refused: ReadonlyMap<string, string>;
  /** What it said last of what it refuses, with all that it said so of. */
  readonly lastRefusal: { readonly message: string; readonly resources: readonly string[] } | undefined;
}

/** One stream as the admin view shows it. */
export interface ClientStatus {
  readonly client: Client;
  readonly node: Node;
  readonly address: string;
  readonly since: Date;
  readonly protocol: Protocol;
  /** Only types that it asked for. */
  readonly types: Readonly<Partial<Record<ServedType, TypeStatus>>>;
  /** Whether it acknowledged all of its current view that it subscribed to. */
  readonly synced: boolean;
}

/** Counted since the start, but for the first three: those are of now. */
export interface AdsMetrics {
  readonly streams: number;
  /** Streams whose client was admitted, and those of them whose client acknowledged all that it asked for. */
  readonly admitted: number;
  readonly synced: number;
  readonly opened: number;
  readonly pushes: Readonly<Record<ServedType, number>>;
  readonly pushedBytes: Readonly<Record<ServedType, number>>;
  readonly acks: Readonly<Record<ServedType, number>>;
  readonly nacks: Readonly<Record<ServedType, number>>;
  /** Streams that were not admitted, by whether their client proved anything, or nobody could say yet. */
  readonly refusedAdmissions: Readonly<Record<"unproved" | "not entitled" | "not ready", number>>;
  /** Streams ended for breaking a limit, or for a message that is none. */
  readonly overLimit: number;
  readonly malformed: number;
  /** Of each client that a change concerned: from when it was taken to the last ACK of it, unless it was refused. */
  readonly convergence: Histogram;
}

export interface AdsServer {
  /** Adds the secret discovery service, which serves secrets alone, and unless asked for only that one, the aggregated discovery service. */
  readonly addTo: (server: Server, only?: "secret") => void;
  /**
   * Views may have changed: every client is brought to its own as it is now. `takenAt` (by `performance.now()`) is when the change
   * was taken whose way to the last ACK is measured.
   */
  readonly changed: (takenAt?: number) => void;
  readonly clients: () => readonly ClientStatus[];
  /** Judges each admitted stream anew, and ends those that are dismissed. */
  readonly judged: (verdict: (client: Client, peer: Peer) => Dismissal | undefined) => void;
  readonly metrics: () => AdsMetrics;
  /** Ends all streams, spread over the time given, and takes no more: clients come back elsewhere, one after another. */
  readonly drained: (graceMs: number) => Promise<void>;
}
