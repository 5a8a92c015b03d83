import type { PathTree } from "../../../targets/native/config.ts";

/** A tree whose edges are found by their first character, which no two share. */
export interface WalkedTree<Leaf> {
  readonly under: readonly Leaf[];
  readonly exact: readonly Leaf[] | undefined;
  readonly edges: ReadonlyMap<number, { readonly text: string; readonly to: WalkedTree<Leaf> }> | undefined;
}

export const walkedTree = <Leaf, Walked = Leaf>(
  { under, exact, next }: PathTree<Leaf>,
  of: (leaf: Leaf) => Walked,
): WalkedTree<Walked> => ({
  under: under.map(of),
  exact: exact?.map(of),
  edges:
    next === undefined
      ? undefined
      : new Map(Object.entries(next).map(([text, to]) => [text.charCodeAt(0), { text, to: walkedTree(to, of) }])),
});

/** What there is to say about a path. */
export const leavesAt = <Leaf>(tree: WalkedTree<Leaf>, path: string): readonly Leaf[] => {
  let node = tree;
  for (let at = 0; ;) {
    if (at === path.length) return node.exact ?? node.under;
    const edge = node.edges?.get(path.charCodeAt(at));
    if (edge === undefined || !path.startsWith(edge.text, at)) return node.under;
    at += edge.text.length;
    node = edge.to;
  }
};
