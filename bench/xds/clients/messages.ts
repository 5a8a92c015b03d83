/** What the clients' process and whoever measures say to each other. */

/** A proxy as it introduces itself, in protobuf's JSON, with its certificate where the plane wants one. */
export interface ProxySpec {
  readonly node: { readonly id: string; readonly cluster?: string; readonly metadata?: object };
  readonly tls?: { readonly ca: string; readonly key: string; readonly certificate: string };
}

export interface PlaneSpec {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly proxies: readonly ProxySpec[];
  /** Secrets that a proxy of this plane asks the plane itself for. */
  readonly secrets: readonly string[];
  /** A proxy holds the mesh once it has routes in which this stands. */
  readonly host: string;
}

/** One change, as its author makes it: a file written, or an object applied to the API server. */
export type Write =
  | { readonly kind: "file"; readonly path: string; readonly text: string }
  | { readonly kind: "object"; readonly kubeconfig: string; readonly path: string; readonly body: string };

/** The timeout that the changed route says: found in the routes' bytes, whatever else a plane sends. */
export interface Timeout {
  readonly seconds: number;
  readonly nanos: number;
}

/** All times in milliseconds since just before the write. */
export interface Observed {
  /** When the write had returned. */
  readonly written: number;
  /** When the same clock began, on the wall. */
  readonly startedAt: number;
  /** When each proxy had sent its ACK of the change, ascending. */
  readonly acknowledged: readonly number[];
  /** When the first response of any kind came, and the first with the change. */
  readonly firstResponse: number;
  readonly firstChange: number;
  /** Of all proxies together until it was quiet again, by the last word of the resources' type. */
  readonly bytes: Readonly<Record<string, number>>;
  readonly responses: number;
  /** Processor time of the proxies' own process until it was quiet again: the part of the whole that no plane can help. */
  readonly proxiesMs: number;
}

export type ToClients =
  | { readonly kind: "connect"; readonly plane: PlaneSpec }
  | { readonly kind: "change"; readonly plane: string; readonly write: Write; readonly timeout: Timeout };

export type FromClients =
  | { readonly kind: "connected"; readonly plane: string }
  | { readonly kind: "observed"; readonly observed: Observed }
  | { readonly kind: "failed"; readonly why: string };
