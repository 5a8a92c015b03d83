import { toggleAll } from "./collapse.ts";
import { element, ink, model } from "./model.ts";
import { current, roving, select } from "./selection.ts";
import { fit, reveal, zoom } from "./viewport.ts";

/** Keys that work anywhere on the page but in a text field. */
export const keyListeners = (showView: (view: string) => void): void => {
  document.addEventListener("keydown", (event) => {
    if (isField(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = actions(event, showView);
    if (act === undefined) return;
    event.preventDefault();
    act();
  });
};

const isField = (target: EventTarget | null): boolean =>
  target instanceof Element && target.matches("input, textarea, select");

const actions = (event: KeyboardEvent, showView: (view: string) => void): (() => void) | undefined => {
  const node = nodeOf(event.target);
  switch (event.key) {
    case "/":
      return () => element("search").focus();
    case "+":
    case "=":
      return () => zoom(1.3);
    case "-":
      return () => zoom(1 / 1.3);
    case "0":
      return () => fit();
    case "c":
      return toggleAll;
    case "1":
    case "2":
    case "3":
      return model.head === undefined
        ? undefined
        : () => showView(["before", "after", "difference"][Number(event.key) - 1] ?? "");
    case "Escape":
      return () => leave();
    case "ArrowLeft":
    case "ArrowRight":
    case "ArrowUp":
    case "ArrowDown":
      return node === undefined ? undefined : () => step(node, event.key);
    default:
      return undefined;
  }
};

/** Back to the overview, with the focus on what was left. */
const leave = (): void => {
  const was = current();
  select({ kind: "none" });
  if (was.kind === "node") ink(`n${was.index}`).focus({ preventScroll: true });
  else if (was.kind === "edge") ink(`n${model.edges[was.index]?.from ?? 0}`).focus({ preventScroll: true });
};

/** The node that an event belongs to. */
export const nodeOf = (target: EventTarget | null): number | undefined => indexOf(target, ".node");

/** The edge that an event belongs to, by its line or its label. */
export const edgeOf = (target: EventTarget | null): number | undefined => indexOf(target, ".edge, .label, .hit");

const indexOf = (target: EventTarget | null, selector: string): number | undefined => {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found === null ? undefined : Number((found.id || (found as SVGElement).dataset["of"] || "").slice(1));
};

/** To the nearest node in a direction: what lies straight ahead is nearer than what lies aside. */
const step = (from: number, key: string): void => {
  const [x, y] = model.nodes[from]?.box ?? [0, 0];
  let best: { readonly index: number; readonly far: number } | undefined;
  for (const [index, { box }] of model.nodes.entries()) {
    const [dx, dy] = [box[0] - x, box[1] - y];
    const [along, aside] =
      key === "ArrowRight" ? [dx, dy] : key === "ArrowLeft" ? [-dx, dy] : key === "ArrowDown" ? [dy, dx] : [-dy, dx];
    if (along <= 1 || !visible(index)) continue;
    const far = along + Math.abs(aside) * (key === "ArrowUp" || key === "ArrowDown" ? 3 : 1.2);
    if (best === undefined || far < best.far) best = { index, far };
  }
  if (best === undefined) return;
  roving(best.index);
  ink(`n${best.index}`).focus({ preventScroll: true });
  const place = model.nodes[best.index]?.box;
  if (place !== undefined) reveal(place);
};

const visible = (index: number): boolean => getComputedStyle(element(`n${index}`)).display !== "none";
