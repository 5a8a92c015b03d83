import type { Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Total } from "../traffic/flows.ts";

/** One copy of each workload runs here. */
export const onlyInstance = "0";

/** A proxy beside a workload of this machine. */
export interface LocalProxy {
  readonly workload: MeshWorkload;
  /** Its own; `identity` in it is as `mesh-control join` writes one. */
  readonly folder: string;
  readonly identityFolder: string;
  readonly adminPort: number;
  /** Where the control plane listens at 127.0.0.1. */
  readonly controlPort: number;
}

/** A program that can be the proxy of every workload. */
export interface LocalProxyKind {
  /** Writes what it is started with, and says how it is started. */
  readonly prepared: (proxy: LocalProxy, mesh: Mesh) => Promise<readonly [string, ...string[]]>;
  /** Of kinds that may acknowledge what they do not serve by yet: whether it serves. */
  readonly serves?: (proxy: LocalProxy) => Promise<boolean>;
  /** Whether a line that it writes is for people. */
  readonly isWorthSaying: (line: string) => boolean;
  /** Where its admin port says what it has counted. */
  readonly countsPath: string;
  /** What that says of the calls that a workload makes. */
  readonly totals: (from: string, text: string, mesh: Mesh) => readonly Total[];
}
