import type { ServedType } from "../../served-type.ts";
import type { Served } from "../../view.ts";

interface Asked {
  readonly type: ServedType;
  /** Of the response that this answers; empty when it answers none. */
  readonly nonce: string;
  /** Why that response was refused; undefined when it was not. */
  readonly error: string | undefined;
}

/** An incremental request: what changes in the subscription, and on the first of a type what the client still holds. */
export interface DeltaRequest extends Asked {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: ReadonlyMap<string, string>;
}

/** A state-of-the-world request: the whole subscription, each time. */
export interface SetRequest extends Asked {
  readonly names: readonly string[];
}

/** What a session wants sent. The resources are those of the views, never copies: their bytes are shared by all clients. */
export interface Response {
  readonly type: ServedType;
  readonly nonce: string;
  readonly resources: readonly Served[];
  /** Delta alone; a set says it by what it leaves out. */
  readonly removed: readonly string[];
  /** Of the set that the client has with this response; empty for delta, where each resource has its own. */
  readonly version: string;
}

/** The one name that stands for every other (Envoy, "xDS protocol", wildcard). */
export const wildcard = "*";
