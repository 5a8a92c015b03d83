import { kindWords, stateWords } from "../parts/words.ts";
import { element, ink, made, model, say } from "./model.ts";
import { select } from "./selection.ts";

const input = element("search") as HTMLInputElement;
const list = element("found");
const texts = model.nodes.map(({ name, namespace, kind, state, proxied }) =>
  `${name} ${namespace ?? ""} ${kindWords[kind]} ${stateWords[state]} ${proxied ? "" : "no proxy"}`.toLowerCase(),
);
let found: readonly number[] = [];
let at = 0;

/** Search by name, namespace, kind or state: every word must be met. What is not met fades while the reader types. */
export const searchListeners = (): void => {
  input.addEventListener("input", look);
  input.addEventListener("focus", look);
  input.addEventListener("blur", () => close());
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const count = list.querySelectorAll('[role="option"]').length;
      if (count > 0) mark((at + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    } else if (event.key === "Enter") {
      const index = found[at];
      if (index !== undefined) choose(index);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      input.value = "";
      close();
      document.querySelector<SVGElement>('#nodes [tabindex="0"]')?.focus();
    }
  });
};

const choose = (index: number): void => {
  close();
  select({ kind: "node", index });
  ink(`n${index}`).focus({ preventScroll: true });
};

const look = (): void => {
  const words = input.value
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return close();
  found = texts.flatMap((text, index) => (words.every((word) => text.includes(word)) ? [index] : []));
  const met = new Set(found);
  for (const index of model.nodes.keys()) element(`n${index}`).classList.toggle("unmet", !met.has(index));
  list.replaceChildren(
    ...found.slice(0, 12).map((index, place) => {
      const node = model.nodes[index];
      const option = made(
        "li",
        { role: "option", id: `f${place}`, "aria-selected": "false" },
        made("span", { class: "row-name" }, node?.name ?? ""),
        made("span", { class: "row-marks" }, node?.namespace ?? kindWords[node?.kind ?? "service"]),
      );
      option.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        choose(index);
      });
      return option;
    }),
    ...(found.length > 12
      ? [made("li", { class: "rest", role: "presentation" }, `and ${found.length - 12} more`)]
      : []),
    ...(found.length === 0 ? [made("li", { class: "rest", role: "presentation" }, "Nothing found")] : []),
  );
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  mark(0);
  say(`${found.length} found`);
};

const mark = (place: number): void => {
  at = place;
  for (const [index, option] of list.querySelectorAll('[role="option"]').entries())
    option.setAttribute("aria-selected", String(index === place));
  input.setAttribute("aria-activedescendant", found.length === 0 ? "" : `f${place}`);
};

const close = (): void => {
  list.hidden = true;
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
  for (const it of document.querySelectorAll("#nodes .unmet")) it.classList.remove("unmet");
};
