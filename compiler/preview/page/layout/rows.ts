import type { PictureEdge } from "../picture.ts";
import { type Box, sizes } from "./geometry.ts";

/** A node as rows and columns see it; one that neither calls nor is called may stand in any layer. */
export interface Member {
  readonly id: string;
  readonly group: number;
  readonly layer: number | "any";
}

/** Where each member and each group's panel came to lie, in the order they were given. */
export interface Arrangement {
  readonly width: number;
  readonly height: number;
  /** How much of a panel is kept for its name. */
  readonly title: number;
  readonly spots: readonly { readonly x: number; readonly y: number; readonly layer: number }[];
  readonly panels: readonly Box[];
}

interface Space {
  /** How wide a node is. */
  readonly node: number;
  /** After each layer. */
  readonly gaps: readonly number[];
  /** How wide each group's name is. */
  readonly titles: readonly number[];
}

type Cell = string[];
type Grid = readonly (readonly Cell[])[];

/** Members on rows and columns: a grid of groups by layers, folded so that it fills a screen, then ordered so that few calls cross. */
export const arranged = (members: readonly Member[], edges: readonly PictureEdge[], space: Space): Arrangement => {
  const grid = cells(members, space.titles.length);
  const tallest = Math.max(1, ...grid.flat().map((cell) => cell.length));
  let best = frame(grid, tallest, space);
  for (let rows = tallest - 1; rows >= 1; rows -= 1) {
    const folded = frame(grid, rows, space);
    if (folded.scale > best.scale * 1.03) best = folded;
  }
  // Names of panels keep their size on the screen: from afar they need more of the panel.
  const title = Math.min(120, Math.max(sizes.title, 19 / best.scale));
  best = frame(grid, best.rows, space, title);
  const spots = ordered(grid, best, edges);
  const layerOf = new Map(grid.flatMap((row) => row.flatMap((cell, layer) => cell.map((id) => [id, layer] as const))));
  return {
    width: best.width,
    height: best.height,
    title: best.title,
    panels: best.panels,
    spots: members.map(({ id }) => ({ x: 0, y: 0, ...spots.get(id), layer: layerOf.get(id) ?? 0 })),
  };
};

/** By group and layer. Who stands anywhere fills the emptiest cells of its group, so that no column grows for nothing. */
const cells = (members: readonly Member[], groups: number): Grid => {
  const last = Math.max(0, ...members.map(({ layer }) => (layer === "any" ? 0 : layer)));
  const grid = Array.from({ length: groups }, () => Array.from({ length: last + 1 }, (): Cell => []));
  for (const { id, group, layer } of members) if (layer !== "any") grid[group]?.[layer]?.push(id);
  for (const row of grid) {
    const used = row.flatMap((cell, layer) => (cell.length > 0 ? [layer] : []));
    const open = used.length === 0 ? row : row.slice(used[0], (used.at(-1) ?? 0) + 1);
    for (const { id, layer, group } of members) {
      if (layer !== "any" || grid[group] !== row) continue;
      open.reduce((least, cell) => (cell.length < least.length ? cell : least), open[0] ?? []).push(id);
    }
  }
  return grid;
};

interface Frame {
  readonly scale: number;
  readonly rows: number;
  readonly title: number;
  readonly width: number;
  readonly height: number;
  /** Per layer: where it begins and how many columns it takes. */
  readonly columns: readonly { readonly x: number; readonly count: number }[];
  /** From one column of a layer to the next. */
  readonly pitch: number;
  readonly panels: readonly Box[];
}

/** The grid with at most so many rows in a cell. */
const frame = (grid: Grid, rows: number, { node, gaps, titles }: Space, title: number = sizes.title): Frame => {
  const counts = (grid[0] ?? []).map((_, layer) =>
    Math.max(1, ...grid.map((row) => Math.ceil((row[layer]?.length ?? 0) / rows))),
  );
  let x: number = sizes.margin + sizes.side;
  const columns = counts.map((count, layer) => {
    const column = { x, count };
    x += count * (node + sizes.column) - sizes.column + (gaps[layer] ?? sizes.gap);
    return column;
  });
  const extents = grid.map((row, group) => {
    const used = row.flatMap((cell, layer) => (cell.length > 0 ? [layer] : []));
    const [first = 0, last = 0] = [used[0], used.at(-1)];
    const from = columns[first] ?? { x: 0, count: 1 };
    const to = columns[last] ?? from;
    const tall = Math.max(1, ...row.map((cell, layer) => Math.ceil(cell.length / (counts[layer] ?? 1))));
    const end = to.x + to.count * (node + sizes.column) - sizes.column;
    return {
      group,
      x: from.x - sizes.side,
      width: Math.max(end - from.x + 2 * sizes.side, Math.min(titles[group] ?? 0, node + 2 * sizes.side)),
      height: tall * (sizes.node.height + sizes.row) - sizes.row + title + sizes.side,
    };
  });
  // Wide panels take a shelf each; what stands beside them in other columns shares it.
  const shelves: (typeof extents)[] = [];
  for (const extent of extents.toSorted((a, b) => a.x - b.x || a.group - b.group)) {
    const shelf = shelves.find((others) =>
      others.every((other) => other.x + other.width < extent.x || extent.x + extent.width < other.x),
    );
    if (shelf === undefined) shelves.push([extent]);
    else shelf.push(extent);
  }
  const panels: Box[] = [];
  let y: number = sizes.margin;
  for (const shelf of shelves) {
    const height = Math.max(...shelf.map((extent) => extent.height));
    for (const { group, ...extent } of shelf) panels[group] = { ...extent, y: y + (height - extent.height) / 2 };
    y += height + sizes.margin;
  }
  const width = Math.max(0, ...panels.map((panel) => panel.x + panel.width)) + sizes.margin;
  return {
    scale: Math.min(1060 / width, 800 / y),
    width,
    height: y,
    columns,
    panels,
    rows,
    title,
    pitch: node + sizes.column,
  };
};

type Spot = { readonly x: number; readonly y: number };

/** Each cell sorted by where its members' neighbours stand, sweep after sweep to the right and to the left. */
const ordered = (
  grid: Grid,
  { columns, panels, title, pitch: across }: Frame,
  edges: readonly PictureEdge[],
): ReadonlyMap<string, Spot> => {
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of edges) {
    if (from === to) continue;
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  const spots = new Map<string, Spot>();
  const settle = (cell: readonly string[], group: number, layer: number): void => {
    const column = columns[layer] ?? { x: 0, count: 1 };
    const panel = panels[group] ?? { x: 0, y: 0, width: 0, height: 0 };
    const pitch = sizes.node.height + sizes.row;
    const rows = Math.ceil(cell.length / column.count);
    const room = panel.height - title - sizes.side;
    const top = panel.y + title + (room - (rows * pitch - sizes.row)) / 2;
    for (const [at, id] of cell.entries())
      spots.set(id, {
        x: column.x + (at % column.count) * across,
        y: top + Math.floor(at / column.count) * pitch,
      });
  };
  const inOrder = [...columns.keys()];
  for (const layer of inOrder) for (const [group, row] of grid.entries()) settle(row[layer] ?? [], group, layer);
  for (let sweep = 0; sweep < 12; sweep += 1) {
    for (const layer of sweep % 2 === 0 ? inOrder : inOrder.toReversed()) {
      for (const [group, row] of grid.entries()) {
        const cell = row[layer];
        if (cell === undefined || cell.length < 2) continue;
        const weight = new Map(
          cell.map((id) => {
            const own = spots.get(id) ?? { x: 0, y: 0 };
            const near = (neighbours.get(id) ?? []).flatMap((other) => {
              const spot = spots.get(other);
              return spot !== undefined && (sweep % 2 === 0 ? spot.x < own.x : spot.x > own.x) ? [spot.y] : [];
            });
            return [id, near.length === 0 ? own.y : near.reduce((sum, y) => sum + y, 0) / near.length];
          }),
        );
        cell.sort((a, b) => (weight.get(a) ?? 0) - (weight.get(b) ?? 0) || (a < b ? -1 : 1));
        settle(cell, group, layer);
      }
    }
  }
  return spots;
};
