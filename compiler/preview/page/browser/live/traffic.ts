import type { LiveEdge } from "../../live.ts";
import { mtlsWords } from "../../parts/words.ts";
import { element, ink, inked, made, model } from "../model.ts";
import { current, select } from "../selection.ts";

const labels = model.edges.map((edge, index) => ({
  edge,
  line: ink(`e${index}`),
  label: ink(`l${index}`),
  words: [...ink(`l${index}`).querySelectorAll("text")],
  plate: ink(`l${index}`).querySelector(".plate"),
  shares: [...ink(`l${index}`).querySelectorAll(".share")],
}));
const first = labels.map(({ words, plate, shares }) => ({
  words: words.map((word) => word.textContent ?? ""),
  height: Number(plate?.getAttribute("height") ?? 0),
  width: Number(plate?.getAttribute("width") ?? 0),
  shares: shares.map((share) => ["x", "width"].map((name) => share.getAttribute(name) ?? "0")),
}));
let shown: readonly LiveEdge[] = [];
// What stands there instead of a label while labels are too small to be read.
const pulses = model.edges.map(({ box: [x, y, width, height] }) => {
  const pulse = inked("g", { class: "pulse", transform: `translate(${x + width / 2} ${y + height / 2})` });
  ink("labels").append(pulse);
  return pulse;
});

/** Writes what is measured on the edges of the drawing, and into the table beside it. */
export const traffic = (edges: readonly LiveEdge[]): void => {
  shown = edges;
  const byEdge = new Map(edges.map((one) => [one.edge, one]));
  for (const index of labels.keys()) showEdge(index, byEdge.get(index));
  showTraffic();
};

const showEdge = (index: number, now: LiveEdge | undefined): void => {
  const [it, was] = [labels[index], first[index]];
  if (it === undefined || was === undefined) return;
  const troubled = now !== undefined && now.refused + now.failed > 0;
  it.line.classList.toggle("busy", now !== undefined);
  it.line.classList.toggle("troubled", troubled);
  it.label.classList.toggle("busy", now !== undefined);
  const mtls = now?.mtls ?? it.edge.mtls;
  for (const inked of [
    ...it.line.querySelectorAll<SVGElement>(".ink"),
    ...it.label.querySelectorAll<SVGElement>(".says"),
  ])
    inked.dataset["mtls"] = mtls;
  const lock = it.label.querySelector("use");
  lock?.setAttribute("href", `#mtls-${mtls}`);
  const split = now !== undefined && now.split.length > 1 ? now.split : undefined;
  for (const [at, word] of it.words.entries()) {
    const said = was.words[at] ?? "";
    word.textContent =
      now === undefined ? said : at === 0 ? `${said} · ${rate(now.perSecond)}/s` : split ? splitWords(split) : said;
  }
  shareBar(index, split);
  trouble(index, troubled ? troubleWords(now) : undefined);
  pulses[index]?.replaceChildren(...(now === undefined ? [] : pulse(now)));
};

const pulse = (now: LiveEdge): readonly SVGElement[] =>
  [
    { says: `${rate(now.perSecond)}/s`, trouble: false },
    ...now.split.map((share) => ({ says: splitWords([share]), trouble: false })),
    ...(now.refused + now.failed > 0 ? [{ says: troubleWords(now), trouble: true }] : []),
  ].map(({ says, trouble: isTrouble }, at) => {
    // The first stands above the line, the others below it.
    const text = inked("text", { class: isTrouble ? "trouble" : "", dy: at === 0 ? "-0.5em" : `${at * 1.25}em` });
    text.textContent = says;
    return text;
  });

/** The bar below a split is as long as what is measured says; without traffic it says what was written. */
const shareBar = (index: number, split: LiveEdge["split"] | undefined): void => {
  const [it, was] = [labels[index], first[index]];
  if (it === undefined || was === undefined || it.shares.length === 0) return;
  const fractions = it.edge.split.map(({ label }) => split?.find((one) => one.label === label)?.fraction ?? 0);
  const known = fractions.reduce((sum, fraction) => sum + fraction, 0);
  let x = Number(was.shares[0]?.[0] ?? 0);
  const room = was.width - 2 * x;
  for (const [at, share] of it.shares.entries()) {
    const part = known === 0 ? undefined : ((fractions[at] ?? 0) / known) * room;
    share.setAttribute("x", part === undefined ? (was.shares[at]?.[0] ?? "0") : String(x));
    share.setAttribute("width", part === undefined ? (was.shares[at]?.[1] ?? "0") : String(Math.max(0.5, part - 1)));
    x += part ?? 0;
  }
};

/** One more line below a label, for as long as there is something to say. */
const trouble = (index: number, words: string | undefined): void => {
  const [it, was] = [labels[index], first[index]];
  const says = it?.label.querySelector(".says");
  if (it === undefined || was === undefined || !says) return;
  let line = says.querySelector(".trouble");
  if (words === undefined) line?.remove();
  else {
    if (line === null) {
      line = inked("text", { class: "trouble", x: 6, y: was.height + 10.5 });
      says.append(line);
    }
    line.textContent = words;
  }
  it.plate?.setAttribute("height", String(was.height + (words === undefined ? 0 : 15)));
};

/** The same as a table, of what is selected or of all, in the order of the drawing: nothing moves while it is read. */
export const showTraffic = (): void => {
  const chosen = current();
  const rows = shown
    .filter(({ edge }) => {
      const ends = model.edges[edge];
      return chosen.kind === "node"
        ? ends?.from === chosen.index || ends?.to === chosen.index
        : chosen.kind !== "edge" || edge === chosen.index;
    })
    .toSorted((a, b) => place(a) - place(b) || a.edge - b.edge)
    .slice(0, 50);
  const table = element("traffic");
  const body = table.querySelector("tbody");
  // A focused button stays where it is while the numbers change around it.
  const known = new Map([...(body?.children ?? [])].map((row) => [(row as HTMLElement).dataset["edge"], row]));
  const wanted = rows.map((now) => filled(known.get(String(now.edge)) ?? row(now.edge), now));
  if (wanted.length !== known.size || wanted.some((one, at) => one !== body?.children[at]))
    body?.replaceChildren(...wanted);
  table.querySelector("table")?.toggleAttribute("hidden", rows.length === 0);
  table.querySelector<HTMLElement>(".nothing")?.toggleAttribute("hidden", rows.length > 0);
};

const place = ({ edge }: LiveEdge): number => model.nodes[model.edges[edge]?.from ?? 0]?.box[0] ?? 0;

const row = (index: number): HTMLElement => {
  const edge = model.edges[index];
  const [from, to] = [model.nodes[edge?.from ?? 0]?.name ?? "", model.nodes[edge?.to ?? 0]?.name ?? ""];
  const button = made("button", { type: "button", class: "link" }, `${from} → ${to}`);
  button.addEventListener("click", () => select({ kind: "edge", index }));
  return made(
    "tr",
    { "data-edge": String(index) },
    made("th", { scope: "row" }, button, made("span", { class: "row-marks" })),
    ...[1, 2, 3].map(() => made("td", {})),
  );
};

const filled = (it: Element, now: LiveEdge): Element => {
  const marks = it.querySelector(".row-marks");
  if (marks)
    marks.textContent = [mtlsWords[now.mtls], ...(now.split.length > 1 ? [splitWords(now.split)] : [])].join(" · ");
  for (const [at, number] of [now.perSecond, now.refused, now.failed].entries()) {
    const cell = it.querySelectorAll("td")[at];
    if (!cell) continue;
    cell.textContent = number === 0 ? "–" : rate(number);
    cell.classList.toggle("trouble", at > 0 && number > 0);
  }
  return it;
};

const rate = (perSecond: number): string =>
  perSecond >= 10 ? String(Math.round(perSecond)) : perSecond < 0.05 ? "<0.1" : perSecond.toFixed(1);

const splitWords = (split: LiveEdge["split"]): string =>
  split.map(({ label, fraction }) => `${label}\u00a0${Math.round(fraction * 100)}\u00a0%`).join(" · ");

const troubleWords = ({ refused, failed }: LiveEdge): string =>
  [...(refused > 0 ? [`403 ${rate(refused)}/s`] : []), ...(failed > 0 ? [`5xx ${rate(failed)}/s`] : [])].join(" · ");
