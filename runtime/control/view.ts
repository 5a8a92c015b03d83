import { createHash } from "node:crypto";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import { ofEachType, type ServedType } from "./served-type.ts";

/** One resource as it is sent. Its version comes from its content alone: replicas need not agree on anything else. */
export interface Served {
  readonly name: string;
  readonly version: string;
  /** The encoded message, without the `Any` around it. */
  readonly bytes: Uint8Array;
  /** What the author wrote that made it: where a refusal is shown. */
  readonly origins: readonly Origin[];
}

/** All that one client may have at one revision, by type and name: of types that are not for its kind, nothing. Immutable. */
export type View = Readonly<Record<ServedType, ReadonlyMap<string, Served>>>;

/** Nothing of any type. */
export const emptyView: View = ofEachType(() => new Map<string, Served>());

/** Of content, so that replicas and restarts agree. */
export const versionOf = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("base64url").slice(0, 16);
