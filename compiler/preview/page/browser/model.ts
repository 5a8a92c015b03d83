import type { Embedded } from "../embedded.ts";

/** What the page was given. */
export const model = JSON.parse(element("picture").textContent ?? "") as Embedded;

/** An element of the page by its own id; a missing one is a bug of the page. */
export function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`no element ${id}`);
  return found;
}

/** The same in the drawing. */
export const ink = (id: string): SVGGraphicsElement => element(id) as unknown as SVGGraphicsElement;

/** What the reader chose; a change stands for the nodes and edges that it touches. */
export type Selected =
  { readonly kind: "node" | "edge" | "change"; readonly index: number } | { readonly kind: "none" };

/** An element of HTML with its text or its children: text is only ever set as text. */
export const made = (
  tag: string,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly (Node | string)[]
): HTMLElement => {
  const it = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) it.setAttribute(name, value);
  it.append(...children);
  return it;
};

/** An element of SVG. */
export const inked = (tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement => {
  const it = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) it.setAttribute(name, String(value));
  return it;
};

/** Tells whoever listens instead of looking. */
export const say = (text: string): void => {
  element("said").textContent = text;
};

/** Edges at each node, once. */
export const edgesAt: readonly (readonly number[])[] = (() => {
  const found: number[][] = model.nodes.map(() => []);
  for (const [index, { from, to }] of model.edges.entries()) {
    found[from]?.push(index);
    if (to !== from) found[to]?.push(index);
  }
  return found;
})();
