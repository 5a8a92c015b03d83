import { createHash } from "node:crypto";

export type ObjectType = "blob" | "tree" | "commit" | "tag";

export interface GitObject {
  readonly type: ObjectType;
  readonly bytes: Buffer;
}

/** Where Git's objects are read from; each that it gives has the id by which it was asked for. */
export interface ObjectStore {
  /** Undefined where it is not there; a throw where it cannot be read. */
  readonly object: (id: string) => Promise<GitObject | undefined>;
  /** Whether objects may be missing that the remote promises to send (`--filter`). */
  readonly partial: boolean;
}

/** The id of an object with this content. */
export const objectId = (type: ObjectType, bytes: Uint8Array): string =>
  createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
