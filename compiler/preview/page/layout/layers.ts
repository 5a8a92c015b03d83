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

/**
 * Callers first, except on cycles. What nobody left calls goes to the front, what calls nobody left goes to the back, and where
 * neither is to be had the cycle is cut before the node that calls most and is called least (Eades, Lin and Smyth, 1993).
 */
const orderedIds = (nodes: readonly PictureNode[], calls: readonly Call[]): readonly string[] => {
  const [callees, callers] = [grouped(calls, "from"), grouped(calls, "to")];
  const left = new Map(
    nodes
      .toSorted((a, b) => entry(a) - entry(b) || (a.id < b.id ? -1 : 1))
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
    const [cut] = [...left].reduce((best, each) => (each[1].out - each[1].in > best[1].out - best[1].in ? each : best));
    take(cut, front);
  }
  return sifted([...front, ...back.reverse()], callees, callers);
};

/**
 * Each node moved to where the fewest of its calls run backwards, until nothing moves. One wrong cut makes a long way round out
 * of a short one, and the drawing as deep as that way is long.
 */
const sifted = (
  order: readonly string[],
  callees: ReadonlyMap<string, readonly Call[]>,
  callers: ReadonlyMap<string, readonly Call[]>,
): readonly string[] => {
  const sequence = [...order];
  for (let moved = true, pass = 0; moved && pass < 12; pass += 1) {
    moved = false;
    for (const id of order) {
      const at = new Map(sequence.map((each, index) => [each, index]));
      const own = at.get(id) ?? 0;
      // Going past a caller mends one call, going past what is called breaks one.
      const steps = [
        ...(callers.get(id) ?? []).map((call) => ({ at: at.get(call.from) ?? 0, by: -1 })),
        ...(callees.get(id) ?? []).map((call) => ({ at: at.get(call.to) ?? 0, by: 1 })),
      ].sort((a, b) => a.at - b.at || a.by - b.by);
      if (steps.every((step) => step.by === (step.at < own ? -1 : 1))) continue;
      let backwards = steps.filter(({ by }) => by < 0).length;
      const here = steps.filter((step) => step.by === (step.at < own ? 1 : -1)).length;
      let best = { backwards: here, after: own };
      for (const step of steps) {
        backwards += step.by;
        if (backwards < best.backwards) best = { backwards, after: step.at };
      }
      if (best.backwards === here) continue;
      moved = true;
      sequence.splice(own, 1);
      sequence.splice(best.after < own ? best.after + 1 : best.after, 0, id);
    }
  }
  return sequence;
};

const lessen = (degree: { in: number; out: number } | undefined, end: "in" | "out"): void => {
  if (degree !== undefined) degree[end] -= 1;
};

const entry = ({ kind }: PictureNode): number => (kind === "outside" ? 0 : kind === "gateway" ? 1 : 2);
