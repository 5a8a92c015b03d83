import type { PathNormalization } from "../../lib/graph/platform.ts";
import type { SpiffeId } from "../../lib/model/selector.ts";
import type { DirectResponse, HeaderEdits, HeaderMatch, RetryPolicy } from "../../lib/model/route.ts";

/**
 * What one proxy of the project's own is told: a workload's scope and nothing else, compiled so that a request is decided
 * by looking up, never by searching. The published schema is `docs/proxy-config.schema.json`.
 */
export interface ProxyConfig {
  /** A proxy refuses any other, whole. */
  readonly version: 1;
  /** `namespace/name`. */
  readonly workload: string;
  readonly identity: SpiffeId;
  /** Peers of any other are strangers. */
  readonly trustDomain: string;
  /** What a path is before it is looked at. */
  readonly pathNormalization: PathNormalization;
  /**
   * In no order that means anything; no two on one address and port. Where one stands at an address of its own and another
   * at any on the same port, the first takes what is dialled at its address.
   */
  readonly listeners: readonly Listener[];
  /** What a route names and is not here answers 503, as does a cluster without endpoints. */
  readonly clusters: Readonly<Record<ClusterName, Cluster>>;
}

/** Where a proxy listens, and for whom. */
export type Listener = HttpOutbound | TcpOutbound | Inbound | GatewayPort;

interface At {
  /** `0.0.0.0` or `::` where it takes what is captured on its way to any address. */
  readonly address: string;
  readonly port: number;
}

/** Calls of the proxy's own application to a port on which some destination in its scope speaks HTTP. */
export interface HttpOutbound extends At {
  readonly kind: "outbound-http";
  /** The port as applications name it. */
  readonly servicePort: number;
  readonly hosts: HostTable;
  /**
   * `refuse`: 502, and bytes that are no HTTP are closed. `pass`: in plain text to where the caller wanted to go, known only
   * where calls are captured.
   */
  readonly unknownHosts: "refuse" | "pass";
  /** Forwarded whole where the caller dialled one of these: services without HTTP on the same port. */
  readonly byAddress?: Readonly<Record<string, ClusterName>>;
}

/** Connections of the proxy's own application that are forwarded whole. */
export interface TcpOutbound extends At {
  readonly kind: "outbound-tcp";
  readonly servicePort: number;
  /** By the address that the caller dialled where calls are captured; `*` for any. */
  readonly byAddress: Readonly<Record<string, ClusterName>>;
  /** Any other: closed, or passed in plain text to where the caller wanted to go. */
  readonly unknownAddresses: "refuse" | "pass";
}

/** Calls of others to one port of the proxy's own application. */
export interface Inbound extends At {
  readonly kind: "inbound";
  /** The workload's own port: what authorization speaks of. */
  readonly targetPort: number;
  readonly application: { readonly address: string; readonly port: number };
  readonly protocol: "http" | "tcp";
  readonly mtls: "strict" | "permissive" | "disabled";
  readonly access: Access;
}

/** A port at which requests from outside of the mesh arrive. */
export interface GatewayPort extends At {
  readonly kind: "gateway";
  readonly targetPort: number;
  readonly hosts: HostTable;
  readonly access: Access;
}

/** Routes by host, in lower case and without port. */
export interface HostTable {
  /** Each once, however many names lead to it; the tables below have its number. */
  readonly virtualHosts: readonly VirtualHost[];
  readonly exact: Readonly<Record<string, number>>;
  /** By what follows `*`, beginning with a dot, of names that are longer: the longest that fits decides. */
  readonly suffix: Readonly<Record<string, number>>;
}

export interface VirtualHost {
  /** For metrics and logs: the destination's host or the gateway's. */
  readonly name: string;
  readonly routes: readonly Route[];
  readonly paths: PathTree<RouteCandidate>;
}

/**
 * A radix tree of paths. Whoever stands at a path walks down as far as edges fit: `exact` of the last node counts if the
 * path ends there, `under` of the last node if it does not or if there is no `exact`. Both say all that there is to
 * know: what nodes above say is repeated.
 */
export interface PathTree<Leaf> {
  readonly under: readonly Leaf[];
  readonly exact?: readonly Leaf[];
  /** By what follows; no two begin with the same character. */
  readonly next?: Readonly<Record<string, PathTree<Leaf>>>;
}

/**
 * A route, by its number, with what must hold of headers beside the path. The first that holds is taken; one without
 * conditions is the last of its list; where none holds the answer is 404.
 */
export interface RouteCandidate {
  readonly route: number;
  readonly headers: readonly HeaderMatch[];
}

export type Route = ForwardingRoute | RespondingRoute;

/** Answers by itself; for HEAD without the body. */
export interface RespondingRoute {
  readonly directResponse: DirectResponse;
  readonly responseHeaders: HeaderEdits;
}

export interface ForwardingRoute {
  /** Running sums: a number drawn below the last one falls to the first that is greater. */
  readonly split: readonly { readonly upTo: number; readonly cluster: ClusterName }[];
  /** Milliseconds; for the whole exchange, retries included. */
  readonly timeout: number | "none";
  readonly retries: RetryPolicy | "none";
  readonly requestHeaders: HeaderEdits;
  readonly responseHeaders: HeaderEdits;
}

/** `HOST|SUBSET|PORT`; the subset is empty where any workload will do. */
export type ClusterName = string;

export interface Cluster {
  /** `dns`: `host` is resolved; else `endpoints` are all that there is. */
  readonly resolve: "static" | "dns";
  readonly endpoints: readonly Endpoint[];
  /** TLS towards a server outside of the mesh, whose certificate must be good for the name. */
  readonly originate?: { readonly sni: string };
}

export interface Endpoint {
  /** An IP, or a name where the cluster is resolved. */
  readonly address: string;
  readonly port: number;
  /** Absent outside of the mesh. */
  readonly workload?: string;
  /** Present where it is to be called with mTLS: who it must prove to be. */
  readonly identity?: SpiffeId;
}

/** Who may do what at a port: denials are asked first. */
export interface Access {
  readonly deny: Diagram;
  /** Absent where nobody said whom to allow: everybody may. */
  readonly allow?: Diagram;
}

/**
 * A decision diagram: who calls leads to a node, the method from there to a tree of paths. A caller that is not named is
 * under the longest prefix that fits, then `authenticated`; one without an identity is `anonymous`.
 */
export interface Diagram {
  readonly anonymous: number;
  readonly authenticated: number;
  readonly prefixes: Readonly<Record<SpiffeId, number>>;
  readonly exact: Readonly<Record<SpiffeId, number>>;
  readonly nodes: readonly DiagramNode[];
}

export interface DiagramNode {
  /** Whether a connection is in the set that carries no HTTP. */
  readonly connection: boolean;
  /** A tree by number, for methods that are not named. */
  readonly otherMethods: PathSet;
  readonly methods: Readonly<Record<string, PathSet>>;
}

/** All paths, none, or those whose leaf is there. */
export type PathSet = boolean | PathTree<true>;
