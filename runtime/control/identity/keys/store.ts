/** What a store holds at one moment. The texts are behind a function: printing this shows no key. */
export interface Stored {
  readonly names: readonly string[];
  readonly text: (name: string) => string | undefined;
  /** Changes with every write: a write says on which one it builds. */
  readonly version: string;
}

/** Where roots live. Replicas that share one agree, because a write that builds on something outdated does not happen. */
export interface KeyStore {
  /** In words, for messages. */
  readonly place: string;
  /** Undefined where nothing has been stored yet. Throws in words where it cannot or must not be read. */
  readonly read: () => Promise<Stored | undefined>;
  /** Replaces all, at once. `outdated`: somebody else wrote meanwhile. Throws in words where it cannot be written. */
  readonly write: (files: ReadonlyMap<string, string>, seen: Stored | undefined) => Promise<"written" | "outdated">;
}

export const stored = (files: ReadonlyMap<string, string>, version: string): Stored => ({
  names: [...files.keys()].sort(),
  text: (name) => files.get(name),
  version,
});
