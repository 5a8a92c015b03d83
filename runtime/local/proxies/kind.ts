import type { Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Revision } from "../../control/views.ts";
import type { Standing } from "../standing.ts";
import type { Total } from "../traffic/flows.ts";

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

/** The control plane's word on a proxy, by its node id. */
export type SaidByControl = (node: string) => Standing;

/** A program that can be the proxy of every workload. */
export interface ProxyKind {
  /** Writes what it is started with, and says how it is started. */
  readonly prepared: (proxy: LocalProxy, mesh: Mesh) => Promise<readonly [string, ...string[]]>;
  /** Of kinds that no control plane tells: tells it. */
  readonly fed?: (proxy: LocalProxy, revision: Revision) => Promise<void>;
  /** Whether it works by all of the newest revision. */
  readonly standing: (proxy: LocalProxy, byControl: SaidByControl) => Promise<Standing>;
  /** Whether a line that it writes is for people. */
  readonly isWorthSaying: (line: string) => boolean;
  /** Where its admin port says what it has counted. */
  readonly countsPath: string;
  /** What that says of the calls that a workload makes. */
  readonly totals: (from: string, text: string, mesh: Mesh) => readonly Total[];
}
