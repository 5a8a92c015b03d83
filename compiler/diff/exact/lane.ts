import type { Address } from "../../../lib/model/call.ts";
import type { Host } from "../../../lib/model/mesh.ts";

/** Calls that take one way in each of two revisions, whatever their content. */
export interface Lane {
  readonly port: LanePort;
  readonly to: LaneAddress;
  readonly names: LaneNames;
}

/** A port by number, or, of a workload, all of which nothing is said; `sample` is one of them. */
export type LanePort = number | { readonly otherThan: readonly number[]; readonly sample: number };

/** The address dialled: any, or one of some that are alike. Where connections are forwarded whole is never any address. */
export type LaneAddress = "any" | LaneAddresses;

export interface LaneAddresses {
  readonly sample: Address;
  /** By `addressKey`. */
  readonly keys: ReadonlySet<string>;
}

export const addressKey = (address: Address): string =>
  address.kind === "elsewhere" ? "elsewhere" : address.kind === "workload" ? address.workload : `${address.host}.`;

export const laneAddresses = (addresses: readonly [Address, ...Address[]]): LaneAddresses => ({
  sample: addresses[0],
  keys: new Set(addresses.map(addressKey)),
});

/** What a request's Host says: one of the names of a destination, a name that the caller's proxy does not know, or anything. */
export type LaneNames =
  | { readonly kind: "named"; readonly host: Host; readonly names: readonly string[] }
  | { readonly kind: "unknown" }
  | { readonly kind: "any" };

export const portNumber = (port: LanePort): number => (typeof port === "number" ? port : port.sample);
