import type { Origin } from "../diagnostics/origin.ts";
import type { Labels, WorkloadId } from "../graph/graph.ts";
import type { Platform } from "../graph/platform.ts";
import type { Protocol } from "../graph/protocol.ts";
import type { Authorization } from "./authorization.ts";
import type { Route } from "./route.ts";
import type { Host, Selector, SpiffeId, WorkloadsSelector } from "./selector.ts";

export type { Host, Selector, SpiffeId, WorkloadsSelector } from "./selector.ts";

/**
 * What a mesh is told to do, resolved: names are full, defaults are written out, order is total.
 *
 * INVARIANT: no platform's words, no author's sugar, and no absence that carries meaning.
 */
export interface Mesh {
  readonly platform: Platform;
  /** Sorted by id. */
  readonly workloads: readonly MeshWorkload[];
  /** Everything that can be called by name, sorted by host. */
  readonly destinations: readonly Destination[];
  /** Sorted by workload id. */
  readonly gateways: readonly Gateway[];
  /** Their order means nothing: a request is refused if any `deny` matches or if `allow` exists and none matches. */
  readonly authorizations: readonly Authorization[];
  /** The most specific selector decides; exactly one speaks for the mesh. */
  readonly mtls: readonly MtlsRule[];
  /** Each workload with a sidecar is in exactly one. */
  readonly scopes: readonly Scope[];
}

export interface MeshWorkload {
  readonly id: WorkloadId;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly identity: SpiffeId;
  readonly proxy: "sidecar" | "gateway" | "none";
  readonly excludedPorts: { readonly inbound: readonly number[]; readonly outbound: readonly number[] };
  /** What arrives on its ports, as far as services say. */
  readonly ports: readonly { readonly number: number; readonly protocol: Protocol }[];
}

export interface Destination {
  readonly host: Host;
  readonly namespace: string;
  /** Names by which callers in any namespace, and callers in its own, reach it; all lower case. */
  readonly aliases: { readonly anywhere: readonly Host[]; readonly sameNamespace: readonly Host[] };
  readonly kind: "cluster" | "headless" | "unselected" | "external";
  readonly ports: readonly DestinationPort[];
  readonly subsets: readonly DestinationSubset[];
  /** All workloads behind it; none are known for an external or unselected one. */
  readonly workloads: readonly WorkloadId[];
  /** External ones only: the addresses, or "dns". */
  readonly resolution: "platform" | "dns" | readonly string[];
  readonly origin: Origin;
}

export interface DestinationPort {
  readonly number: number;
  readonly name: string;
  readonly protocol: Protocol;
  /** The port on the workload or the external server. */
  readonly target: number;
  readonly tls: ClientTls;
  /** Where requests go, in order; the last matches everything. Empty where the port carries no HTTP. */
  readonly routes: readonly Route[];
}

/**
 * `mesh`: mTLS where both sides have a proxy and the callee does not disable it. `plain`: never. `originate`: TLS with the
 * server's name verified.
 */
export type ClientTls =
  { readonly mode: "mesh" } | { readonly mode: "plain" } | { readonly mode: "originate"; readonly sni: string };

export interface DestinationSubset {
  readonly name: string;
  readonly labels: Labels;
  readonly workloads: readonly WorkloadId[];
}

export interface Gateway {
  readonly workload: WorkloadId;
  readonly namespace: string;
  readonly labels: Labels;
  /** Sorted by port. */
  readonly listeners: readonly GatewayListener[];
}

export interface GatewayListener {
  /** The port of the gateway's service. */
  readonly port: number;
  /** The port on the gateway's workload. */
  readonly target: number;
  /** Sorted by host. */
  readonly virtualHosts: readonly VirtualHost[];
}

export interface VirtualHost {
  /** A name, or `*.` and a suffix. */
  readonly host: Host;
  /** Who speaks for it. */
  readonly namespace: string;
  /** In order; what none matches is answered with 404. */
  readonly routes: readonly Route[];
  readonly origin: Origin;
}

export interface MtlsRule {
  readonly selector: Selector;
  readonly mode: "strict" | "permissive" | "disabled";
  readonly origin: Origin;
}

export interface Scope {
  readonly selector: WorkloadsSelector;
  /** Hosts of the destinations that their proxies know, sorted. */
  readonly hosts: readonly Host[];
}
