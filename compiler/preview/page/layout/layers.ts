import type { PictureEdge, PictureNode } from "../picture.ts";

/**
 * The layer of every node, from 0: a caller stands in an earlier layer than what it calls. On a cycle the call that closes it
 * runs backwards; which call that is follows from the order of the nodes alone.
 */
export const layers = (nodes: readonly PictureNode[], edges: readonly PictureEdge[]): ReadonlyMap<string, number> => {
  const calls = edges.filter(({ from, to }) => from !== to);
  const topological = orderedIds(nodes, calls);
  const rank = new Map(topological.map((id, index) => [id, index]));
  const forward = calls.map(({ from, to }) =>
    (rank.get(from) ?? 0) < (rank.get(to) ?? 0) ? { from, to } : { from: to, to: from },
  );
  const callees = grouped(forward, "from");
  const callers = grouped(forward, "to");
  const layer = new Map<string, number>();
  for (const id of topological)
    layer.set(id, Math.max(-1, ...(callers.get(id) ?? []).map(({ from }) => layer.get(from) ?? 0)) + 1);
  // What calls more than it is called stands close to what it calls: its edges are the longer ones.
  const settled = new Set(nodes.filter(({ kind }) => kind === "outside" || kind === "gateway").map(({ id }) => id));
  for (const id of topological.toReversed()) {
    const below = callees.get(id) ?? [];
    if (settled.has(id) || below.length <= (callers.get(id) ?? []).length) continue;
    layer.set(id, Math.min(...below.map(({ to }) => layer.get(to) ?? 0)) - 1);
  }
  return layer;
};

type Call = { readonly from: string; readonly to: string };

const grouped = (calls: readonly Call[], end: "from" | "to"): ReadonlyMap<string, readonly Call[]> =>
  Map.groupBy(calls, (call) => call[end]);

/** Callers first, except on cycles: the nodes as a depth-first walk leaves them, last left first. */
const orderedIds = (nodes: readonly PictureNode[], calls: readonly Call[]): readonly string[] => {
  const callees = grouped(calls, "from");
  const called = new Set(calls.map(({ to }) => to));
  const entry = (node: PictureNode): number => (node.kind === "outside" ? 0 : node.kind === "gateway" ? 1 : 2);
  const roots = nodes.toSorted(
    (a, b) => Number(called.has(a.id)) - Number(called.has(b.id)) || entry(a) - entry(b) || (a.id < b.id ? -1 : 1),
  );
  const seen = new Set<string>();
  const left: string[] = [];
  for (const root of roots) {
    const walk = [{ id: root.id, next: 0 }];
    if (seen.has(root.id)) continue;
    seen.add(root.id);
    for (let at = walk.at(-1); at !== undefined; at = walk.at(-1)) {
      const callee = callees.get(at.id)?.[at.next];
      at.next += 1;
      if (callee === undefined) {
        left.push(at.id);
        walk.pop();
      } else if (!seen.has(callee.to)) {
        seen.add(callee.to);
        walk.push({ id: callee.to, next: 0 });
      }
    }
  }
  return left.reverse();
};
