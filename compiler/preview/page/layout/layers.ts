import type { PictureEdge, PictureNode } from "../picture.ts";

/**
 * The layer of every node, from 0: a caller stands in an earlier layer than what it calls. On a cycle the call that closes it
 * runs backwards; which call that is follows from the order of the nodes alone. A mesh that is deeper than a screen is wide has
 * several layers made one: calls within it run up or down.
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
  return shallow(layer);
};

const mostLayers = 24;

const shallow = (layer: ReadonlyMap<string, number>): ReadonlyMap<string, number> => {
  const count = Math.max(0, ...layer.values()) + 1;
  if (count <= mostLayers) return layer;
  return new Map([...layer].map(([id, at]) => [id, Math.floor((at * mostLayers) / count)]));
};

type Call = { readonly from: string; readonly to: string };

const grouped = (calls: readonly Call[], end: "from" | "to"): ReadonlyMap<string, readonly Call[]> =>
  Map.groupBy(calls, (call) => call[end]);

/**
 * Callers first, except on cycles. What nobody left calls goes to the front, what calls nobody left goes to the back; where
 * neither is to be had, a cycle is cut before the node that stands highest, so that the drawing is no deeper than the mesh.
 */
const orderedIds = (nodes: readonly PictureNode[], calls: readonly Call[]): readonly string[] => {
  const [callees, callers] = [grouped(calls, "from"), grouped(calls, "to")];
  const depth = depths(nodes, callees, callers);
  const left = new Map(
    nodes
      .toSorted((a, b) => (depth.get(a.id) ?? 0) - (depth.get(b.id) ?? 0) || (a.id < b.id ? -1 : 1))
      .map(({ id }) => [id, { out: (callees.get(id) ?? []).length, in: (callers.get(id) ?? []).length }]),
  );
  const [front, back]: [string[], string[]] = [[], []];
  const take = (id: string, to: string[]): void => {
    to.push(id);
    left.delete(id);
    for (const call of callees.get(id) ?? []) lessen(left.get(call.to), "in");
    for (const call of callers.get(id) ?? []) lessen(left.get(call.from), "out");
  };
  while (left.size > 0) {
    const ends = [...left].filter(([, degree]) => degree.in === 0 || degree.out === 0);
    for (const [id, degree] of ends) take(id, degree.in === 0 ? front : back);
    if (ends.length > 0) continue;
    const [highest] = left.keys();
    if (highest !== undefined) take(highest, front);
  }
  return [...front, ...back.reverse()];
};

/**
 * How deep each node stands if every call were one step down, as nearly as its calls agree (trophic levels). Cutting the fewest
 * calls instead would make long ways round out of short ones.
 */
const depths = (
  nodes: readonly PictureNode[],
  callees: ReadonlyMap<string, readonly Call[]>,
  callers: ReadonlyMap<string, readonly Call[]>,
): ReadonlyMap<string, number> => {
  const depth = new Map(nodes.map(({ id, kind }) => [id, kind === "outside" ? -2 : kind === "gateway" ? -1 : 0]));
  for (let sweep = 0; sweep < 80; sweep += 1)
    for (const { id } of nodes) {
      const wanted = [
        ...(callers.get(id) ?? []).map(({ from }) => (depth.get(from) ?? 0) + 1),
        ...(callees.get(id) ?? []).map(({ to }) => (depth.get(to) ?? 0) - 1),
      ];
      if (wanted.length > 0) depth.set(id, wanted.reduce((sum, each) => sum + each, 0) / wanted.length);
    }
  return depth;
};

const lessen = (degree: { in: number; out: number } | undefined, end: "in" | "out"): void => {
  if (degree !== undefined) degree[end] -= 1;
};
