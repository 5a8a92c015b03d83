import fc from "fast-check";
import { expect, test } from "vitest";
import { acyclic, pictures } from "../fixture.ts";
import type { Picture } from "../picture.ts";
import type { Box } from "./geometry.ts";
import { layout } from "./layout.ts";

const overlap = (a: Box, b: Box): boolean =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

const inside = (box: Box, panel: Box): boolean =>
  box.x >= panel.x &&
  box.y >= panel.y &&
  box.x + box.width <= panel.x + panel.width &&
  box.y + box.height <= panel.y + panel.height;

const pairs = <T>(all: readonly T[]): readonly (readonly [T, T])[] =>
  all.flatMap((a, at) => all.slice(at + 1).map((b) => [a, b] as const));

test("no two nodes and no two panels overlap, and a node stands in its own panel", () => {
  fc.assert(
    fc.property(pictures, (picture) => {
      const { nodes, groups, width, height } = layout(picture);
      for (const [a, b] of pairs(nodes)) expect(overlap(a, b), `${a.node.id} and ${b.node.id}`).toBe(false);
      for (const [a, b] of pairs(groups)) expect(overlap(a, b), `${a.name} and ${b.name}`).toBe(false);
      for (const node of nodes) {
        const panel = groups[node.group];
        expect(panel !== undefined && inside(node, panel)).toBe(true);
      }
      for (const group of groups) expect(inside(group, { x: 0, y: 0, width, height })).toBe(true);
    }),
  );
});

test("without cycles every caller stands in an earlier layer, to the left", () => {
  fc.assert(
    fc.property(pictures.map(acyclic), (picture) => {
      const byId = new Map(layout(picture).nodes.map((placed) => [placed.node.id, placed]));
      for (const { from, to } of picture.edges) {
        if (from === to) continue;
        const [caller, callee] = [byId.get(from), byId.get(to)];
        expect(caller !== undefined && callee !== undefined && caller.layer < callee.layer).toBe(true);
        expect((caller?.x ?? 0) + (caller?.width ?? 0)).toBeLessThan(callee?.x ?? 0);
      }
    }),
  );
});

test("labels that are shown cover neither nodes nor each other", () => {
  fc.assert(
    fc.property(pictures, (picture) => {
      const { labels, nodes } = layout(picture);
      const shown = labels.filter(({ fits }) => fits);
      for (const [a, b] of pairs(shown)) expect(overlap(a, b)).toBe(false);
      for (const label of shown) for (const node of nodes) expect(overlap(label, node)).toBe(false);
    }),
  );
});

const node = (id: string): Picture["nodes"][number] => ({
  id,
  kind: "service",
  name: id,
  proxied: true,
  state: "same",
  facts: [],
});
const edge = (from: string, to: string): Picture["edges"][number] => ({
  id: `${from}>${to}`,
  from,
  to,
  port: 80,
  protocol: "HTTP",
  split: [],
  mtls: "mutual",
  access: "allowed",
  state: "same",
  facts: [],
});

test("one call back does not make the drawing deeper", () => {
  const edges = [edge("a", "b"), edge("b", "c"), edge("a", "c"), edge("c", "d"), edge("b", "d"), edge("d", "a")];
  const placed = layout({ title: "", nodes: ["a", "b", "c", "d"].map(node), edges }).nodes;
  expect(placed.map(({ layer }) => layer)).toEqual([0, 1, 2, 3]);
});

test("a chain that is deeper than a screen is wide is not drawn as a thread", () => {
  const ids = Array.from({ length: 300 }, (_, at) => `s${String(at).padStart(3, "0")}`);
  const chain = ids.slice(1).map((to, at) => edge(ids[at]!, to));
  const { width, height, nodes } = layout({ title: "chain", nodes: ids.map(node), edges: chain });
  expect(width / height).toBeLessThan(12);
  for (const [a, b] of pairs(nodes)) expect(overlap(a, b)).toBe(false);
});
