import type { ObjectKind } from "../cluster/api.ts";

/** Which objects of a cluster are ours, kept in the cluster itself: a Kubernetes ApplySet (KEP-3659). */
export interface Inventory {
  /** What each of our objects carries. */
  readonly label: { readonly key: string; readonly value: string };
  /** What the parent says; nothing of it where there is no parent yet. Rejects where it is another tool's. */
  readonly read: (signal: AbortSignal) => Promise<Recorded>;
  /** Before anything is written: all that may have objects of ours from now on, and which commit is on its way. */
  readonly begun: (recorded: Recorded & { readonly commit: string }, signal: AbortSignal) => Promise<void>;
  /** After everything was: what has objects of ours, and that nothing is on its way. */
  readonly ended: (recorded: Pick<Recorded, "kinds" | "namespaces">, signal: AbortSignal) => Promise<void>;
}

export interface Recorded {
  readonly kinds: readonly ObjectKind[];
  readonly namespaces: readonly string[];
  /** The commit of a rollout that was begun and, as far as anybody knows, not ended. */
  readonly commit: string | undefined;
}
