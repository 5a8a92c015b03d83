/** A kind of objects, as objects of it say. */
export interface ObjectKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** Names one object; without a namespace where its kind has none. */
export interface ObjectRef extends ObjectKind {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** Who set which fields last, and how (`metadata.managedFields`). */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly apiVersion?: string;
  readonly time?: string;
  readonly fieldsType?: string;
  /** FieldsV1: `f:` names a field, `k:` an item by its keys, `v:` an item by its value; `.` is the thing itself. */
  readonly fieldsV1?: FieldSet;
  readonly subresource?: string;
}

export interface FieldSet {
  readonly [path: string]: FieldSet;
}

export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFields[];
  readonly ownerReferences?: readonly OwnerReference[];
}

interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** An object as the API server gave it: also where an answer leaves version and kind out, both are there. */
export interface ClusterObject extends ObjectKind {
  readonly metadata: ObjectMetadata;
  readonly spec?: unknown;
  readonly status?: unknown;
  readonly [field: string]: unknown;
}

/** An object as it is asked for: what the API server sets may be missing. */
export interface WantedObject extends ObjectKind {
  readonly metadata: Partial<ObjectMetadata> & Pick<ObjectMetadata, "name">;
  readonly [field: string]: unknown;
}

export interface ListOptions {
  /** All namespaces when absent. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Without spec and status, which spares an API server's and one's own memory. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

export interface ObjectList {
  readonly items: readonly ClusterObject[];
  /** Where a watch of the same goes on. */
  readonly resourceVersion: string;
}

export interface WriteOptions {
  /** Everything is judged and nothing stored. */
  readonly dryRun?: boolean;
  /** The answer is without spec and status. */
  readonly metadataOnly?: boolean;
  readonly subresource?: "status";
  /** Applies only: takes fields from whoever owns them. For what this program owned before, and somebody changed. */
  readonly force?: boolean;
  readonly signal?: AbortSignal;
  /** Called right before anything is sent, for each attempt; what it throws ends the write. */
  readonly fence?: () => void;
}

export interface RemoveOptions extends Omit<WriteOptions, "subresource" | "force" | "metadataOnly"> {
  /** The object that is meant: another one of the same name stays ("conflict"). */
  readonly uid: string;
  /** The version that is meant: a newer one stays ("conflict"). */
  readonly resourceVersion?: string;
}

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** A list's or an object's resource version. */
  readonly from: string;
  readonly signal: AbortSignal;
}

export type WatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: ClusterObject }
  /** The API server no longer knew where the watch stood: these are all that there are, and the watch goes on from them. */
  | { readonly type: "RELISTED"; readonly items: readonly ClusterObject[]; readonly resourceVersion: string };

/**
 * What this program asks of an API server. Every method rejects with a `ClusterError`, and with the signal's reason when that
 * aborts; what is worth trying again was tried again before.
 */
export interface ClusterApi {
  /** The version of a kind that the API server prefers; undefined where it has no such kind. The core group is "". */
  readonly preferred: (
    group: string,
    kind: string,
    options?: { readonly signal?: AbortSignal },
  ) => Promise<ObjectKind | undefined>;
  /** Undefined when there is no such object; rejects with "no-such-kind" when there is no such kind. */
  readonly get: (ref: ObjectRef, options?: { readonly signal?: AbortSignal }) => Promise<ClusterObject | undefined>;
  /** All pages. */
  readonly list: (kind: ObjectKind, options?: ListOptions) => Promise<ObjectList>;
  /** Server-side apply with strict validation, not forced unless asked; the object as it is stored then. */
  readonly apply: (object: WantedObject, options?: WriteOptions) => Promise<ClusterObject>;
  /** "conflict" where it exists. */
  readonly create: (object: WantedObject, options?: WriteOptions) => Promise<ClusterObject>;
  /** "conflict" where the stored one has another `metadata.resourceVersion` than this one has. */
  readonly replace: (object: WantedObject, options?: WriteOptions) => Promise<ClusterObject>;
  /** Asks for the end of an object and its dependents, which finalizers may delay. One that is gone already is done. */
  readonly remove: (ref: ObjectRef, options: RemoveOptions) => Promise<void>;
  /** Tells changes in order until the signal aborts, which rejects; over as many connections as that takes. */
  readonly watch: (kind: ObjectKind, options: WatchOptions, on: (event: WatchEvent) => void) => Promise<never>;
}

export type ClusterErrorKind =
  /** Others own fields that were asked for, or a precondition did not hold. */
  | "conflict"
  /** The object is wrong: the same again fails again. */
  | "invalid"
  | "forbidden"
  /** No such object, or no such namespace. */
  | "not-found"
  /** The API server has no such kind: a custom resource definition is missing. */
  | "no-such-kind"
  /** What was asked for is too old to be known. */
  | "gone"
  /** The API server asks to be spared for a while. */
  | "busy"
  | "unreachable"
  | "server";

/** A field that another manager owns. */
export interface FieldConflict {
  readonly manager: string;
  /** As the API server writes it: `.spec.hosts`. */
  readonly field: string;
}

interface ClusterErrorDetails {
  readonly kind: ClusterErrorKind;
  /** HTTP. */
  readonly status?: number;
  readonly retryAfterMs?: number;
  readonly conflicts?: readonly FieldConflict[];
  readonly cause?: unknown;
}

/** Why something could not be done, in words for its user. INVARIANT: neither message nor cause holds a token or a key. */
export class ClusterError extends Error {
  readonly kind: ClusterErrorKind;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** Whose fields stand against an apply; empty otherwise. */
  readonly conflicts: readonly FieldConflict[];

  constructor(message: string, { kind, status, retryAfterMs, conflicts = [], cause }: ClusterErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ClusterError";
    this.kind = kind;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.conflicts = conflicts;
  }
}

/** As whom this program writes fields. */
export const fieldManager = "meshwright";
