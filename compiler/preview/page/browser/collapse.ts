import type { EmbeddedEdge } from "../embedded.ts";
import { element, ink, inked, model, say } from "./model.ts";

const closed = new Set<number>();
const states = { same: 0, changed: 1, added: 2, removed: 3 } as const;

/** Folds a namespace into its panel, or unfolds it; calls across its border become one line per other end. */
export const toggleGroup = (group: number, to = !closed.has(group)): void => {
  if (to) closed.add(group);
  else closed.delete(group);
  element(`g${group}`).classList.toggle("closed", to);
  const heading = ink(`h${group}`);
  heading.classList.toggle("closed", to);
  heading.setAttribute("aria-expanded", String(!to));
  redraw();
};

/** Folds every namespace, or unfolds them. */
export const toggleAll = (): void => {
  const to = closed.size === 0;
  for (const group of model.groups.keys()) toggleGroup(group, to);
  const button = element("collapse");
  button.textContent = to ? "Expand all" : "Collapse all";
  button.setAttribute("aria-pressed", String(to));
  say(to ? "All namespaces collapsed" : "All namespaces expanded");
};

/** Unfolds the group of a node, so that what is selected is never hidden. */
export const unfold = (node: number): void => {
  const group = model.nodes[node]?.group;
  if (group !== undefined && closed.has(group)) toggleGroup(group, false);
};

/** Brings out the calls of a folded namespace while the reader points at it. */
export const lightBundles = (group: number | undefined): void => {
  for (const bundle of document.querySelectorAll<SVGElement>(".bundle")) {
    const ends = (bundle.dataset["ends"] ?? "").split(" ");
    bundle.classList.toggle("lit", group !== undefined && ends.includes(`g${group}`));
    bundle.classList.toggle("faint", group !== undefined && !ends.includes(`g${group}`));
  }
};

const redraw = (): void => {
  for (const [index, { group }] of model.nodes.entries())
    element(`n${index}`).classList.toggle("folded", closed.has(group));
  const bundles = new Map<string, { from: End; to: End; edges: EmbeddedEdge[] }>();
  for (const [index, edge] of model.edges.entries()) {
    const [from, to] = [endOf(edge.from), endOf(edge.to)];
    const folded = from.folded || to.folded;
    element(`e${index}`).classList.toggle("folded", folded);
    element(`l${index}`).classList.toggle("folded", folded);
    if (!folded || from.key === to.key) continue;
    const bundle = bundles.get(`${from.key} ${to.key}`);
    if (bundle === undefined) bundles.set(`${from.key} ${to.key}`, { from, to, edges: [edge] });
    else bundle.edges.push(edge);
  }
  ink("bundles").replaceChildren(...[...bundles.values()].map(bundleInk));
};

interface End {
  readonly key: string;
  readonly folded: boolean;
  readonly box: readonly [x: number, y: number, width: number, height: number];
}

const endOf = (index: number): End => {
  const node = model.nodes[index];
  const group = node?.group ?? 0;
  const panel = model.groups[group];
  if (node === undefined || panel === undefined) throw new Error(`no node ${index}`);
  return closed.has(group)
    ? { key: `g${group}`, folded: true, box: panel.box }
    : { key: `n${index}`, folded: false, box: node.box };
};

/** Panels that stand one above the other are joined by a bow at their side: downwards on the right, upwards on the left. */
const bundleInk = ({ from, to, edges }: { from: End; to: End; edges: readonly EmbeddedEdge[] }): SVGElement => {
  const [[ax, ay, aw, ah], [bx, by, bw, bh]] = [from.box, to.box];
  const [startY, endY] = [ay + ah / 2, by + bh / 2];
  const state = edges.reduce<keyof typeof states>(
    (most, edge) => (states[edge.state] > states[most] ? edge.state : most),
    "same",
  );
  const path =
    ax + aw <= bx
      ? `M${ax + aw} ${startY}C${(ax + aw + bx) / 2} ${startY} ${(ax + aw + bx) / 2} ${endY} ${bx} ${endY}`
      : startY < endY
        ? bow(ax + aw, startY, bx + bw, endY, 1)
        : bow(ax, startY, bx, endY, -1);
  return inked("path", {
    class: "bundle",
    d: path,
    "data-state": state,
    "data-ends": `${from.key} ${to.key}`,
    "stroke-width": (0.8 + Math.log2(edges.length) / 2).toFixed(1),
  });
};

const bow = (x: number, y: number, toX: number, toY: number, side: 1 | -1): string => {
  const reach = Math.min(0.16 * model.width, 60 + Math.abs(toY - y) * 0.12);
  const out = (side > 0 ? Math.max(x, toX) : Math.min(x, toX)) + side * reach;
  return `M${x} ${y}C${out} ${y} ${out} ${toY} ${toX} ${toY}`;
};
