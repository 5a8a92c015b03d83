import type { PictureEdge } from "../picture.ts";
import { type Box, type PlacedNode, type Point, sizes } from "./geometry.ts";

/** The way of an edge from caller to callee, with the places where a label could stand. */
export interface Route {
  readonly path: string;
  /** Where it ends, and which way it then points: in degrees, 0 to the right. */
  readonly end: Point & { readonly angle: number };
  readonly openings: readonly Point[];
}

/** Edges as curves that pass between the rows of the columns in between, never under a node. */
export const routes = (nodes: readonly PlacedNode[], edges: readonly PictureEdge[]): readonly Route[] => {
  const byId = new Map(nodes.map((placed) => [placed.node.id, placed]));
  const columns = columnsOf(nodes);
  const columnAt = new Map(columns.map(({ x }, index) => [x, index]));
  const ports = portsOf(byId, edges);
  return edges.map((edge, index) => {
    const [caller, callee] = [byId.get(edge.from), byId.get(edge.to)];
    if (caller === undefined || callee === undefined) throw new Error(`edge ${edge.id} ends at no node of the picture`);
    if (caller === callee) return loop(caller);
    const backwards = caller.x > callee.x;
    const [left, right] = backwards ? [callee, caller] : [caller, callee];
    const port = ports.get(index) ?? { from: 0, to: 0 };
    if (caller.x === callee.x) return bow(caller, callee, port);
    const [leftPort, rightPort] = backwards ? [port.to, port.from] : [port.from, port.to];
    const start = { x: left.x + left.width, y: left.y + left.height / 2 + leftPort };
    const stop = { x: right.x, y: right.y + right.height / 2 + rightPort };
    const between = columns.slice((columnAt.get(left.x) ?? 0) + 1, columnAt.get(right.x));
    const points = [start];
    for (const column of between) {
      const from = points.at(-1) ?? start;
      const y = from.y + ((stop.y - from.y) * (column.x + column.width / 2 - from.x)) / (stop.x - from.x);
      // A line that may go straight on does so, unless it would fall far behind.
      const ahead = Math.abs(y - from.y) < 40 && freeY(column.taken, from.y, 0) === from.y;
      const free = ahead ? from.y : (freeY(column.taken, y, (index * 5) % 7) ?? y);
      points.push({ x: column.x - 6, y: free }, { x: column.x + column.width + 6, y: free });
    }
    points.push(stop);
    return way(backwards ? points.toReversed() : points, backwards);
  });
};

interface Column {
  readonly x: number;
  readonly width: number;
  /** From top to bottom, with room for a line between them. */
  readonly taken: readonly Box[];
}

const columnsOf = (nodes: readonly PlacedNode[]): readonly Column[] =>
  [...Map.groupBy(nodes, ({ x }) => x)]
    .sort(([a], [b]) => a - b)
    .map(([x, taken]) => ({ x, width: taken[0]?.width ?? 0, taken: taken.toSorted((a, b) => a.y - b.y) }));

const clearance = 7;

/** The height nearest to the wanted one at which a line passes the column; lines through one opening are spread a little. */
const freeY = (taken: readonly Box[], wanted: number, spread: number): number | undefined => {
  let best: number | undefined;
  for (let at = 0; at <= taken.length; at += 1) {
    const above = taken[at - 1];
    const below = taken[at];
    const low = above === undefined ? -Infinity : above.y + above.height + clearance;
    const high = below === undefined ? Infinity : below.y - clearance;
    if (high < low) continue;
    const y = wanted < low ? Math.min(high, low + spread) : wanted > high ? Math.max(low, high - spread) : wanted;
    if (best === undefined || Math.abs(y - wanted) < Math.abs(best - wanted)) best = y;
  }
  return best;
};

/** Per edge, how far from the middle of each side it leaves and arrives: in the order of where the other ends stand. */
const portsOf = (
  nodes: ReadonlyMap<string, PlacedNode>,
  edges: readonly PictureEdge[],
): ReadonlyMap<number, { from: number; to: number }> => {
  const ports = new Map(edges.map((_, index) => [index, { from: 0, to: 0 }]));
  const sides = new Map<string, { index: number; end: "from" | "to"; other: PlacedNode }[]>();
  for (const [index, edge] of edges.entries()) {
    const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
    if (from === undefined || to === undefined || from === to) continue;
    const backwards = from.x > to.x;
    for (const [end, own, other] of [
      ["from", from, to],
      ["to", to, from],
    ] as const) {
      const side = `${(end === "from") === backwards ? "<" : ">"}${own.node.id}`;
      const list = sides.get(side);
      if (list === undefined) sides.set(side, [{ index, end, other }]);
      else list.push({ index, end, other });
    }
  }
  for (const list of sides.values()) {
    list.sort((a, b) => a.other.y - b.other.y || a.other.x - b.other.x || a.index - b.index);
    const step = Math.min(12, (sizes.node.height - 18) / Math.max(1, list.length - 1));
    for (const [at, { index, end }] of list.entries()) {
      const port = ports.get(index);
      if (port !== undefined) port[end] = (at - (list.length - 1) / 2) * step;
    }
  }
  return ports;
};

const way = (points: readonly Point[], backwards: boolean): Route => {
  const path: string[] = [];
  const openings: Point[] = [];
  for (const [at, point] of points.entries()) {
    const from = points[at - 1];
    if (from === undefined) path.push(`M${round(point.x)} ${round(point.y)}`);
    else if (from.y === point.y) {
      // One stretch for all that lies on one height.
      if (points[at + 1]?.y !== point.y) path.push(`H${round(point.x)}`);
    } else {
      const middle = round((from.x + point.x) / 2);
      path.push(`C${middle} ${round(from.y)} ${middle} ${round(point.y)} ${round(point.x)} ${round(point.y)}`);
    }
    if (from !== undefined && at % 2 === 1 && Math.abs(point.x - from.x) > sizes.column * 2)
      openings.push(...[0.5, 0.62, 0.38, 0.72, 0.28].map((t) => onCurve(from, point, t)));
  }
  const { x, y } = points.at(-1) ?? { x: 0, y: 0 };
  return { path: path.join(""), end: { x: round(x), y: round(y), angle: backwards ? 180 : 0 }, openings };
};

const onCurve = (from: Point, to: Point, t: number): Point => {
  const [start, near, far, end] = [(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t ** 2, t ** 3];
  return {
    x: (start + near / 2 + far / 2) * from.x + (end + near / 2 + far / 2) * to.x,
    y: (start + near) * from.y + (far + end) * to.y,
  };
};

const loop = ({ x, y, width }: Box): Route => {
  const [from, to] = [x + width - 58, x + width - 24];
  return {
    path: `M${round(from)} ${round(y)}C${round(from - 4)} ${round(y - 22)} ${round(to + 4)} ${round(y - 22)} ${round(to)} ${round(y)}`,
    end: { x: round(to), y: round(y), angle: 90 },
    openings: [],
  };
};

/** Between two of one column: out to the right and back. */
const bow = (caller: Box, callee: Box, port: { readonly from: number; readonly to: number }): Route => {
  const x = round(caller.x + caller.width);
  const start = round(caller.y + caller.height / 2 + port.from);
  const stop = round(callee.y + callee.height / 2 + port.to);
  const out = round(x + Math.min(sizes.gap * 0.8, 24 + Math.abs(stop - start) / 8));
  return {
    path: `M${x} ${start}C${out} ${start} ${out} ${stop} ${x} ${stop}`,
    end: { x, y: stop, angle: 180 },
    openings: [],
  };
};

const round = (value: number): number => Math.round(value * 10) / 10;
