import type { Instance } from "../../../lib/graph/placement.ts";
import type { AccessRule } from "../../../lib/model/authorization.ts";
import type { Destination, GatewayListener, Host, MeshWorkload, MtlsRule } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";
import type { Called } from "../cluster-name.ts";
import type { Cluster } from "../config.ts";
import type { Place, Reading } from "./reading.ts";

/** A proxy that is being read. */
export interface ProxyReading extends Reading {
  readonly workload: MeshWorkload;
  readonly instance: Instance;
  /** What the graph has. */
  readonly destinations: readonly Destination[];
}

/** What a caller's proxy does with requests for one destination's port. */
export interface TableHost {
  readonly host: Host;
  readonly port: number;
  readonly names: readonly Host[];
  readonly routes: readonly Route[];
  readonly place: Place;
}

/** A port whose connections a caller's proxy forwards whole, and the address by which it knows it; `*`: any. */
export interface WholePort {
  readonly host: Host;
  readonly port: number;
  readonly address: string;
  readonly place: Place;
}

/** A cluster of another workload or an external server, as its name claims. */
export interface Claim extends Called {
  readonly cluster: Cluster;
  readonly place: Place;
}

/** Who may do what; no `allow`: everybody may do everything. */
export interface Rules {
  readonly deny: readonly AccessRule[];
  readonly allow: readonly AccessRule[] | undefined;
}

/** What one proxy is told, in the model's words. */
export interface ProxyTold {
  readonly workload: MeshWorkload;
  readonly instance: Instance;
  readonly place: Place;
  readonly tables: readonly TableHost[];
  readonly whole: readonly WholePort[];
  readonly claims: readonly Claim[];
  /** Clusters that are named and not there: requests that are led to them are answered with 503. */
  readonly missing: readonly Called[];
  readonly mode: MtlsRule["mode"] | undefined;
  readonly rules: Rules;
  readonly gateway: readonly GatewayListener[];
}
