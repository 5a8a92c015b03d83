import { unfold } from "./collapse.ts";
import { changeFocus, edgeDetails, nodeDetails } from "./details.ts";
import { edgesAt, element, ink, model, say, type Selected } from "./model.ts";
import { fit, reveal } from "./viewport.ts";

const svg = ink("graph");
const inks = {
  node: model.nodes.map((_, index) => ink(`n${index}`)),
  edge: model.edges.map((_, index) => ink(`e${index}`)),
  label: model.edges.map((_, index) => ink(`l${index}`)),
};
let selected: Selected = { kind: "none" };
let lit: Element[] = [];

/** What is selected now. */
export const current = (): Selected => selected;

const light = (nodes: Iterable<number>, edges: Iterable<number>): void => {
  for (const it of lit) it.classList.remove("lit");
  lit = [];
  for (const index of nodes) lit.push(...[inks.node[index]].filter((it) => it !== undefined));
  for (const index of edges) lit.push(...[inks.edge[index], inks.label[index]].filter((it) => it !== undefined));
  for (const it of lit) it.classList.add("lit");
  svg.classList.toggle("focused", lit.length > 0);
};

const lightNode = (index: number): void => {
  const edges = edgesAt[index] ?? [];
  light([index, ...endsOf(edges)], edges);
};

const lightEdge = (index: number): void => {
  const edge = model.edges[index];
  if (edge !== undefined) light([edge.from, edge.to], [index]);
};

const endsOf = (edges: readonly number[]): readonly number[] =>
  edges.flatMap((edge) => [model.edges[edge]?.from ?? [], model.edges[edge]?.to ?? []].flat());

/** The nodes that a selection is about. */
const touched = (to: Selected): readonly number[] => {
  if (to.kind === "node") return [to.index];
  if (to.kind === "edge") return endsOf([to.index]);
  if (to.kind === "none") return [];
  const change = model.changes[to.index];
  return [...(change?.nodes ?? []), ...endsOf(change?.edges ?? [])];
};

const lightSelected = (): void => {
  if (selected.kind === "node") lightNode(selected.index);
  else
    light(
      touched(selected),
      selected.kind === "edge"
        ? [selected.index]
        : selected.kind === "change"
          ? (model.changes[selected.index]?.edges ?? [])
          : [],
    );
};

/** Brings out what the pointer is over, until something is selected. */
export const hover = (node: number | undefined, edge: number | undefined): void => {
  if (selected.kind !== "none") return;
  if (node !== undefined) lightNode(node);
  else if (edge !== undefined) lightEdge(edge);
  else light([], []);
};

/** Selects, brings it into view, and says in the panel what holds for it. */
export const select = (to: Selected, how: { readonly look?: boolean; readonly read?: boolean } = {}): void => {
  for (const it of document.querySelectorAll("#graph :is(.chosen, .named)")) it.classList.remove("chosen", "named");
  for (const [index, button] of document.querySelectorAll("button.change-title").entries())
    button.setAttribute("aria-pressed", String(to.kind === "change" && to.index === index));
  selected = to;
  for (const node of touched(to)) unfold(node);
  lightSelected();
  const [overview, panel] = [element("overview"), element("selection")];
  const details =
    to.kind === "node" ? nodeDetails(to.index, select) : to.kind === "edge" ? edgeDetails(to.index, select) : [];
  panel.replaceChildren(...details);
  panel.hidden = details.length === 0;
  overview.hidden = details.length > 0;
  document.documentElement.toggleAttribute("data-selected", details.length > 0);
  if (to.kind === "node") {
    inks.node[to.index]?.classList.add("chosen");
    roving(to.index);
    const place = model.nodes[to.index]?.box;
    if (how.look !== false && place !== undefined) reveal(place);
  } else if (to.kind === "edge") {
    inks.edge[to.index]?.classList.add("chosen");
    inks.label[to.index]?.classList.add("chosen");
    const place = model.edges[to.index]?.box;
    if (how.look !== false && place !== undefined) reveal(place);
  } else if (to.kind === "change") {
    // A few are named even from afar; many names would cover each other.
    const named = lit.filter((it) => it.classList.contains("node"));
    if (named.length <= 6) for (const it of named) it.classList.add("named");
    const area = changeFocus(to.index);
    if (area !== undefined) fit(area);
  }
  if (details.length > 0) element("panel").scrollTop = 0;
  if (how.read === true) (panel.hidden ? overview : panel).focus();
  say(
    to.kind === "none"
      ? "Nothing selected"
      : to.kind === "change"
        ? "Change highlighted in the graph"
        : (panel.querySelector("h2")?.textContent ?? ""),
  );
};

/** Makes one node the graph's place in the order of Tab. */
export const roving = (index: number): void => {
  for (const it of document.querySelectorAll('#nodes [tabindex="0"]')) it.setAttribute("tabindex", "-1");
  inks.node[index]?.setAttribute("tabindex", "0");
};
