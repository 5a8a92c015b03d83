import { refusal } from "./refusal.ts";

export interface Commit {
  /** 40 hex digits. */
  readonly id: string;
  readonly tree: string;
  readonly parents: readonly string[];
}

/** What the bytes of a commit say; a refusal where they are none. */
export const commitOf = (id: string, bytes: Buffer): Commit => {
  const head = bytes.toString("latin1").split("\n\n", 1)[0]!;
  const tree = /^tree ([0-9a-f]{40})(?:\n|$)/.exec(head)?.[1];
  if (tree === undefined) throw refusal("MESH0208", { object: id, reason: "it is no commit" });
  return { id, tree, parents: [...head.matchAll(/^parent ([0-9a-f]{40})$/gm)].map((found) => found[1]!) };
};
