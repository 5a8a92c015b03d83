import type { Picture, PictureNode } from "../picture.ts";
import { textWidth } from "../shown-text.ts";
import { type EdgeLabel, edgeLabel, placedLabels } from "./labels.ts";
import { layers } from "./layers.ts";
import { type Box, type PlacedNode, sizes } from "./geometry.ts";
import { arranged, type Member } from "./rows.ts";
import { type Route, routes } from "./routes.ts";

/** The panel of a namespace, or of what has none. */
export interface Group extends Box {
  readonly name: string;
  readonly namespace: boolean;
  readonly count: number;
}

/** A drawing without its ink: every list is in the order of the picture's. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  /** How high the strip of a panel is that its name stands in. */
  readonly title: number;
  readonly groups: readonly Group[];
  readonly nodes: readonly PlacedNode[];
  readonly routes: readonly Route[];
  readonly labels: readonly EdgeLabel[];
}

/**
 * Layers are columns from left to right, and each namespace keeps a panel of its own across them. Our own layout: of the
 * packages that there are, dagre takes minutes for 500 services in namespaces, or fails, and elkjs is not permissively licensed.
 */
export const layout = ({ nodes, edges }: Picture, { measured = false } = {}): Layout => {
  const keys = [...new Set(nodes.map(groupKey))].sort();
  const index = new Map(keys.map((key, at) => [key, at]));
  const layer = layers(nodes, edges);
  const connected = new Set(edges.flatMap(({ from, to }) => (from === to ? [] : [from, to])));
  const members = nodes.map((node): Member => ({
    id: node.id,
    group: index.get(groupKey(node)) ?? 0,
    layer: connected.has(node.id) ? (layer.get(node.id) ?? 0) : "any",
  }));
  const labels = edges.map((edge) => edgeLabel(edge, { measured }));
  const name = Math.max(0, ...nodes.map((node) => textWidth(node.name.slice(0, 60), 15)));
  const width = Math.round(Math.min(sizes.node.wide, Math.max(sizes.node.narrow, name + 52)));
  const arrangement = arranged(members, edges, {
    node: width,
    gaps: gaps(edges, labels, layer),
    titles: keys.map((key) => textWidth(groupName(key).slice(0, 30), 13) + 60),
  });
  const boxes = nodes.map((node, at): PlacedNode => {
    const spot = arrangement.spots[at];
    if (spot === undefined) throw new Error(`no place for ${node.id}`);
    return { node, ...spot, width, height: sizes.node.height, group: members[at]?.group ?? 0 };
  });
  const drawn = routes(boxes, edges);
  const groups = keys.map((key, at): Group => {
    const panel = arrangement.panels[at];
    if (panel === undefined) throw new Error(`no panel for ${key}`);
    return {
      ...panel,
      name: groupName(key),
      namespace: key.startsWith("1"),
      count: members.filter(({ group }) => group === at).length,
    };
  });
  return {
    width: arrangement.width,
    height: arrangement.height,
    title: arrangement.title,
    groups,
    nodes: boxes,
    routes: drawn,
    labels: placedLabels(labels, drawn, [
      ...boxes,
      ...groups.map(({ x, y, name }) => ({
        x,
        y,
        width: textWidth(name.slice(0, 30), 13) + 60,
        height: arrangement.title - 6,
      })),
    ]),
  };
};

// The digit keeps a namespace that is named like a kind apart from it.
const groupKey = ({ namespace, kind }: PictureNode): string => (namespace === undefined ? `0${kind}` : `1${namespace}`);

const groupName = (key: string): string => {
  if (key.startsWith("1")) return key.slice(1);
  return key === "0outside" ? "Outside the mesh" : key === "0external" ? "External" : "No namespace";
};

/** After each layer, room for the labels of the calls that end in the next one. */
const gaps = (
  edges: Picture["edges"],
  labels: readonly EdgeLabel[],
  layer: ReadonlyMap<string, number>,
): readonly number[] => {
  const found: number[] = Array.from({ length: Math.max(0, ...layer.values()) + 1 }, () => sizes.gap);
  for (const [index, { from, to }] of edges.entries()) {
    const [a, b] = [layer.get(from) ?? 0, layer.get(to) ?? 0];
    if (Math.abs(a - b) !== 1) continue;
    const at = Math.min(a, b);
    found[at] = Math.min(2.4 * sizes.gap, Math.max(found[at] ?? 0, (labels[index]?.width ?? 0) + 20));
  }
  return found;
};
