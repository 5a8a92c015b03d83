import { edgeSentence } from "../parts/words.ts";
import { lightBundles, toggleAll, toggleGroup } from "./collapse.ts";
import { edgeOf, keyListeners, nodeOf } from "./keyboard.ts";
import { element, ink, inked, model, say } from "./model.ts";
import { searchListeners } from "./search.ts";
import { current, hover, roving, select } from "./selection.ts";
import { dragged, fit, listen, zoom } from "./viewport.ts";

const root = document.documentElement;
const svg = ink("graph");

const showView = (view: string): void => {
  root.dataset["view"] = view;
  for (const button of document.querySelectorAll<HTMLElement>("[data-show]")) {
    const checked = button.dataset["show"] === view;
    button.setAttribute("aria-checked", String(checked));
    button.tabIndex = checked ? 0 : -1;
  }
  say(`Showing ${view}`);
};

const views = (): void => {
  const buttons = [...document.querySelectorAll<HTMLElement>("[data-show]")];
  for (const [index, button] of buttons.entries()) {
    button.addEventListener("click", () => showView(button.dataset["show"] ?? ""));
    button.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      const next = by === undefined ? undefined : buttons[(index + by + buttons.length) % buttons.length];
      if (next === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      next.focus();
      next.click();
    });
  }
};

const graph = (): void => {
  // A line is thin to look at and must still be wide enough to hit.
  const hits = inked("g", { "aria-hidden": "true" });
  for (const [index, edge] of model.edges.entries()) {
    const drawn = ink(`e${index}`);
    const [from, to] = [model.nodes[edge.from]?.name ?? "", model.nodes[edge.to]?.name ?? ""];
    drawn.setAttribute("aria-label", edgeSentence(edge, from, to));
    const path = drawn.querySelector(".line")?.getAttribute("d") ?? "";
    hits.append(inked("path", { class: "hit", d: path, "data-of": `e${index}` }));
  }
  ink("edges").before(hits);
  const groupOf = (target: EventTarget | null): number | undefined => {
    const heading = target instanceof Element ? target.closest(".heading, .panel.closed") : null;
    return heading === null ? undefined : Number(heading.id.slice(1));
  };
  const press = (target: EventTarget | null, read: boolean): boolean => {
    const [group, node, edge] = [groupOf(target), nodeOf(target), edgeOf(target)];
    if (group !== undefined) toggleGroup(group);
    else if (node !== undefined) select({ kind: "node", index: node }, { look: read, read });
    else if (edge !== undefined) select({ kind: "edge", index: edge }, { look: false, read });
    else return false;
    return true;
  };
  svg.addEventListener("click", (event) => {
    if (!dragged && !press(event.target, false)) select({ kind: "none" });
  });
  svg.addEventListener("dblclick", (event) => {
    const { left, top } = svg.getBoundingClientRect();
    zoom(1.8, event.clientX - left, event.clientY - top);
  });
  svg.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && press(event.target, event.key === "Enter"))
      event.preventDefault();
  });
  svg.addEventListener("pointerover", (event) => {
    hover(nodeOf(event.target), edgeOf(event.target));
    lightBundles(groupOf(event.target));
  });
  svg.addEventListener("pointerleave", () => hover(undefined, undefined));
  svg.addEventListener("focusin", (event) => {
    hover(nodeOf(event.target), undefined);
    lightBundles(groupOf(event.target));
  });
  for (const heading of document.querySelectorAll("#headings .heading")) heading.setAttribute("tabindex", "0");
};

const panel = (): void => {
  element("overview").tabIndex = -1;
  for (const item of document.querySelectorAll<HTMLElement>(".change")) {
    const index = Number(item.dataset["change"]);
    item.querySelector(".change-title")?.addEventListener("click", () => {
      const now = current();
      select(now.kind === "change" && now.index === index ? { kind: "none" } : { kind: "change", index });
    });
    const copy = item.querySelector<HTMLElement>(".copy");
    copy?.addEventListener("click", () => void copied(item.querySelector(".witness code"), copy));
  }
};

/** The text that the reader sees goes to the clipboard; where the browser does not allow it, it is selected instead. */
const copied = async (from: Element | null, button: HTMLElement): Promise<void> => {
  if (from === null) return;
  try {
    await navigator.clipboard.writeText(from.textContent ?? "");
    button.textContent = "Copied";
    say("Command copied");
    setTimeout(() => (button.textContent = "Copy"), 1600);
  } catch {
    getSelection()?.selectAllChildren(from);
    say("Command selected");
  }
};

const theme = (): void => {
  element("theme").addEventListener("click", () => {
    const dark =
      root.dataset["theme"] === undefined
        ? matchMedia("(prefers-color-scheme: dark)").matches
        : root.dataset["theme"] === "dark";
    root.dataset["theme"] = dark ? "light" : "dark";
    say(dark ? "Light colours" : "Dark colours");
  });
};

/** Everything that a reader can do with the drawing. */
export const interactive = (): void => {
  // A large drawing needs the room.
  if (model.nodes.length > 40 || matchMedia("(max-width: 900px)").matches) element("legend").removeAttribute("open");
  element("zoom-in").addEventListener("click", () => zoom(1.3));
  element("zoom-out").addEventListener("click", () => zoom(1 / 1.3));
  element("fit").addEventListener("click", () => fit());
  element("collapse").addEventListener("click", toggleAll);
  listen();
  views();
  graph();
  panel();
  theme();
  searchListeners();
  keyListeners(showView);
  roving(
    model.nodes.reduce((first, { box }, index, { [first]: best }) => (box[0] < (best?.box[0] ?? 0) ? index : first), 0),
  );
};
