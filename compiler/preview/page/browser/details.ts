import type { EdgeMarks, PictureFact } from "../picture.ts";
import { accessWords, kindWords, mtlsWords, stateWords } from "../parts/words.ts";
import { edgesAt, made, model, type Selected } from "./model.ts";

type Choose = (to: Selected, how?: { readonly look?: boolean; readonly read?: boolean }) => void;
type Box = readonly [x: number, y: number, width: number, height: number];

/** What the panel says of a node: what it is, what holds for it, whom it calls and who calls it. */
export const nodeDetails = (index: number, choose: Choose): readonly HTMLElement[] => {
  const node = model.nodes[index];
  if (node === undefined) return [];
  const at = (edgesAt[index] ?? []).map((edge) => ({ edge, ends: model.edges[edge] }));
  const proxy = (proxied: boolean): string => (proxied ? "Proxied" : "No proxy");
  const inMesh = node.kind !== "external" && node.kind !== "outside";
  return [
    back(choose),
    made(
      "p",
      { class: "kicker" },
      [kindWords[node.kind], ...(node.namespace === undefined ? [] : [node.namespace])].join(" · "),
    ),
    made("h2", {}, node.name),
    made(
      "p",
      { class: "tags" },
      ...stateTag(node.state),
      ...(inMesh ? [made("span", { class: "tag" }, proxy(node.proxied))] : []),
      ...(node.before === undefined || !inMesh
        ? []
        : [made("span", { class: "tag" }, `Before: ${proxy(node.before.proxied)}`)]),
    ),
    ...factsOf(node),
    ...edgeList(
      "Calls",
      at.filter(({ ends }) => ends?.from === index).map(({ edge }) => edge),
      "to",
      choose,
    ),
    ...edgeList(
      "Called by",
      at.filter(({ ends }) => ends?.to === index).map(({ edge }) => edge),
      "from",
      choose,
    ),
  ];
};

/** What the panel says of an edge: its ends, its marks now and before, and what holds for it. */
export const edgeDetails = (index: number, choose: Choose): readonly HTMLElement[] => {
  const edge = model.edges[index];
  if (edge === undefined) return [];
  const [from, to] = [model.nodes[edge.from]?.name ?? "", model.nodes[edge.to]?.name ?? ""];
  const end = (node: number, name: string): HTMLElement => {
    const button = made("button", { type: "button", class: "link" }, name);
    button.addEventListener("click", () => choose({ kind: "node", index: node }, { read: true }));
    return button;
  };
  return [
    back(choose),
    made("p", { class: "kicker" }, `${edge.protocol} on port ${edge.port}`),
    made("h2", {}, end(edge.from, from), made("span", { class: "to", "aria-label": "calls" }, " → "), end(edge.to, to)),
    made("p", { class: "tags" }, ...stateTag(edge.state)),
    ...(edge.before === undefined ? marks(edge) : [pair(marks(edge.before), marks(edge))]),
    ...factsOf(edge),
  ];
};

/** What to look at for a change: everything that it touches. */
export const changeFocus = (index: number): Box | undefined => {
  const change = model.changes[index];
  const ends = (change?.edges ?? []).flatMap((edge) => [model.edges[edge]?.from ?? -1, model.edges[edge]?.to ?? -1]);
  const boxes = [...(change?.nodes ?? []), ...ends].flatMap((node) => {
    const place = model.nodes[node]?.box;
    return place === undefined ? [] : [place];
  });
  if (boxes.length === 0) return undefined;
  const left = Math.min(...boxes.map(([x]) => x)) - 60;
  const top = Math.min(...boxes.map(([, y]) => y)) - 60;
  return [
    left,
    top,
    Math.max(...boxes.map(([x, , width]) => x + width)) + 60 - left,
    Math.max(...boxes.map(([, y, , height]) => y + height)) + 60 - top,
  ];
};

const back = (choose: Choose): HTMLElement => {
  const button = made(
    "button",
    { type: "button", class: "back" },
    model.head === undefined ? "← Overview" : "← All changes",
  );
  button.addEventListener("click", () => choose({ kind: "none" }, { read: false }));
  return button;
};

const stateTag = (state: keyof typeof stateWords): readonly HTMLElement[] =>
  state === "same" ? [] : [made("span", { class: "tag state", "data-state": state }, stateWords[state])];

const factsOf = ({ facts }: { readonly facts: readonly number[] }): readonly HTMLElement[] =>
  facts.flatMap((index) => model.facts[index] ?? []).map(fact);

const fact = ({ title, before, after }: PictureFact): HTMLElement => {
  const lines = (said: readonly string[], others: readonly string[] | undefined): HTMLElement =>
    said.length === 0
      ? made("p", { class: "nothing" }, "Nothing")
      : made(
          "ul",
          { class: "lines" },
          ...said.map((line) =>
            made("li", others === undefined || others.includes(line) ? {} : { class: "differs" }, line),
          ),
        );
  return made(
    "section",
    { class: "fact" },
    made("h3", {}, title),
    before === undefined ? lines(after, undefined) : pair([lines(before, after)], [lines(after, before)]),
  );
};

const pair = (before: readonly HTMLElement[], after: readonly HTMLElement[]): HTMLElement =>
  made(
    "div",
    { class: "pair" },
    made("div", { class: "before" }, made("h4", {}, "Before"), ...before),
    made("div", { class: "after" }, made("h4", {}, "After"), ...after),
  );

const marks = ({ mtls, access, split }: EdgeMarks): readonly HTMLElement[] => [
  made(
    "dl",
    { class: "marks" },
    made("dt", {}, "mTLS"),
    made("dd", {}, mtlsWords[mtls]),
    made("dt", {}, "Access"),
    made("dd", { "data-access": access }, accessWords[access]),
    ...split.flatMap(({ label, share }) => [made("dt", {}, label), made("dd", {}, share)]),
  ),
];

const edgeList = (
  title: string,
  edges: readonly number[],
  end: "from" | "to",
  choose: Choose,
): readonly HTMLElement[] =>
  edges.length === 0
    ? []
    : [
        made(
          "section",
          { class: "fact" },
          made("h3", {}, `${title} `, made("span", { class: "count" }, String(edges.length))),
          made(
            "ul",
            { class: "edges" },
            ...edges.map((index) => {
              const edge = model.edges[index];
              const other = edge === undefined ? undefined : model.nodes[edge[end]];
              const button = made(
                "button",
                { type: "button", class: "row" },
                made("span", { class: "row-name" }, other?.name ?? ""),
                made(
                  "span",
                  { class: "row-marks" },
                  `${edge?.protocol ?? ""} ${edge?.port ?? ""} · ${mtlsWords[edge?.mtls ?? "mutual"]} · ${accessWords[edge?.access ?? "allowed"]}`,
                ),
                ...stateTag(edge?.state ?? "same"),
              );
              button.addEventListener("click", () => choose({ kind: "edge", index }, { read: true }));
              return made("li", {}, button);
            }),
          ),
        ),
      ];
