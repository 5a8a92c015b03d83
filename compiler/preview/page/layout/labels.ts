import type { EdgeMarks, PictureEdge } from "../picture.ts";
import { fittedText, textWidth } from "../shown-text.ts";
import type { Box } from "./geometry.ts";
import type { Route } from "./routes.ts";

/** What stands on an edge, and whether it has room there; one that has none is shown when its edge is selected. */
export interface EdgeLabel extends Box {
  readonly now: readonly string[];
  /** Present only where the base would say otherwise. */
  readonly was?: readonly string[];
  readonly fits: boolean;
}

/** Sizes of a label, which the ink follows. */
export const labelSizes = { font: 11, line: 14.5, padding: 6, icons: 29 } as const;

/** The words on an edge: what is spoken on which port, and who gets how much; `measured` keeps room for what is counted. */
export const edgeLabel = (edge: PictureEdge, { measured = false } = {}): EdgeLabel => {
  const now = words(edge, edge.port);
  const was = edge.before === undefined ? [] : words(edge.before, edge.port);
  const widths = [now, was].flatMap((lines) =>
    lines.map(
      (line, at) =>
        textWidth(at === 0 && measured ? `${line} · 8888/s` : line, labelSizes.font) +
        (at === 0 ? labelSizes.icons : 0),
    ),
  );
  const width = Math.ceil(Math.max(...widths) + 2 * labelSizes.padding);
  const height = Math.max(now.length, was.length) * labelSizes.line + labelSizes.padding - 1;
  return { now, ...(edge.before !== undefined && { was }), x: 0, y: 0, width, height, fits: false };
};

const words = ({ protocol, split }: EdgeMarks, port: number): readonly string[] => [
  `${fittedText(protocol, labelSizes.font, 60)} ${port}`,
  ...(split.length < 2 ? [] : [splitWords(split)]),
];

const splitWords = (split: EdgeMarks["split"]): string => {
  const shown = split
    .slice(0, 3)
    .map(({ label, share }) => `${fittedText(label, labelSizes.font, 46)} ${fittedText(share, labelSizes.font, 40)}`);
  return [...shown, ...(split.length > 3 ? [`+${split.length - 3}`] : [])].join(" · ");
};

/** Labels on their edges, each at the first opening where it covers neither a node nor another label. */
export const placedLabels = (
  labels: readonly EdgeLabel[],
  routes: readonly Route[],
  obstacles: readonly Box[],
): readonly EdgeLabel[] => {
  const taken = new Map<string, Box[]>();
  const cellsOf = ({ x, y, width, height }: Box): readonly string[] => {
    const found: string[] = [];
    for (let column = Math.floor(x / 120); column <= Math.floor((x + width) / 120); column += 1)
      for (let row = Math.floor(y / 60); row <= Math.floor((y + height) / 60); row += 1) found.push(`${column} ${row}`);
    return found;
  };
  const take = (box: Box): void => {
    for (const cell of cellsOf(box)) taken.set(cell, [...(taken.get(cell) ?? []), box]);
  };
  const free = (box: Box): boolean =>
    cellsOf(box).every((cell) => (taken.get(cell) ?? []).every((other) => !overlapping(box, other)));
  for (const obstacle of obstacles) take(obstacle);
  const placed = [...labels];
  // Those with least choice first: the large ones, then those of short edges.
  const turn = [...labels.entries()].sort(
    ([a, one], [b, other]) =>
      other.height - one.height || (routes[a]?.openings.length ?? 0) - (routes[b]?.openings.length ?? 0) || a - b,
  );
  for (const [index, label] of turn) {
    const route = routes[index];
    const spots = (route?.openings ?? []).map(({ x, y }) => ({
      x: Math.round(x - label.width / 2),
      y: Math.round(y - label.height / 2),
      width: label.width,
      height: label.height,
    }));
    const spot = spots.find(free);
    if (spot !== undefined) take(spot);
    const end = route?.end ?? { x: 0, y: 0 };
    placed[index] = { ...label, ...(spot ?? spots[0] ?? { x: end.x + 14, y: end.y - 26 }), fits: spot !== undefined };
  }
  return placed;
};

const overlapping = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width + 3 && b.x < a.x + a.width + 3 && a.y < b.y + b.height + 3 && b.y < a.y + a.height + 3;
