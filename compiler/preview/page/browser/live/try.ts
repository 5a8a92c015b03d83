import type { Tried, TriedRequest } from "../../live.ts";
import { element, made } from "../model.ts";

const fields = {
  from: element("try-from") as HTMLSelectElement,
  method: element("try-method") as HTMLInputElement,
  url: element("try-url") as HTMLInputElement,
  headers: element("try-headers") as HTMLTextAreaElement,
};
const button = element("try-send") as HTMLButtonElement;
const memory = "tried";

/** Sends what the form says when the reader asks for it, and shows what came of it beside what was to be expected. */
export const tryListeners = (): void => {
  recall();
  element("try-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void sent();
  });
};

/** What was typed outlives a new drawing. */
export const remember = (): void => {
  const typed = Object.entries(fields).map(([name, field]) => [name, field.value] as const);
  sessionStorage.setItem(memory, JSON.stringify(Object.fromEntries(typed)));
};

const recall = (): void => {
  const typed = JSON.parse(sessionStorage.getItem(memory) ?? "{}") as Readonly<Record<string, string>>;
  for (const [name, field] of Object.entries(fields)) {
    const value = typed[name];
    const isThere =
      !(field instanceof HTMLSelectElement) || [...field.options].some((option) => option.value === value);
    if (value !== undefined && isThere) field.value = value;
  }
};

const sent = async (): Promise<void> => {
  const request: TriedRequest = {
    from: fields.from.value,
    method: fields.method.value.trim(),
    url: fields.url.value.trim(),
    headers: fields.headers.value.split("\n").filter((line) => line.trim() !== ""),
  };
  button.disabled = true;
  try {
    const response = await fetch("/try", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(request),
    });
    show(response.ok ? ((await response.json()) as Tried) : { refused: await response.text() });
  } catch {
    show({ refused: "The mesh does not answer: has mesh-compile up ended?" });
  }
  button.disabled = false;
};

const show = (tried: Tried): void =>
  element("tried").replaceChildren(
    ...("refused" in tried
      ? [made("p", { class: "trouble" }, tried.refused)]
      : [
          made("h4", {}, "What came back"),
          ...answer(tried.answer),
          made("h4", {}, "What the policies say"),
          made("pre", { tabindex: "0" }, tried.explanation.trim()),
        ]),
  );

const answer = (came: Exclude<Tried, { readonly refused: string }>["answer"]): readonly HTMLElement[] =>
  typeof came === "string"
    ? [made("p", { class: "trouble" }, came)]
    : [
        made("p", {}, made("strong", {}, String(came.status)), ` after ${came.milliseconds} ms`),
        made(
          "details",
          {},
          made("summary", {}, `${came.headers.length} header lines`),
          made("pre", { tabindex: "0" }, came.headers.map(([name, value]) => `${name}: ${value}`).join("\n")),
        ),
        ...(came.body === ""
          ? [made("p", { class: "nothing" }, "No body")]
          : [made("pre", { tabindex: "0" }, `${came.body}${came.isWhole ? "" : "\n… and more"}`)]),
      ];
