import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { ResourceType } from "../../targets/xds/resource.ts";

/** One resource as it is sent. Its version comes from its content alone: replicas need not agree on anything else. */
export interface Served {
  readonly name: string;
  readonly version: string;
  /** The encoded message, without the `Any` around it. */
  readonly bytes: Uint8Array;
  /** What the author wrote that made it: where a refusal is shown. */
  readonly origins: readonly Origin[];
}

/** All that one client may have at one revision, by type and name. Immutable. */
export type View = Readonly<Record<ResourceType, ReadonlyMap<string, Served>>>;
