import type { Comparison, EdgeMarks, Picture, PictureChange, PictureNode, PictureState } from "../picture.ts";
import { escaped } from "../shown-text.ts";
import { arrowHead, icon } from "./icons.ts";
import { accessWords, kindWords, mtlsWords, stateWords } from "./words.ts";

/** What the side panel says while nothing is selected; a print of the page says it too. */
export const overview = ({ title, comparison, nodes, edges }: Picture): string =>
  comparison === undefined ? contents(title, nodes, edges.length) : differences(comparison);

const contents = (title: string, nodes: readonly PictureNode[], edges: number): string => {
  const kinds = [...Map.groupBy(nodes, ({ kind }) => kind)].map(
    ([kind, found]) => `<div><dt>${kindWords[kind]}</dt><dd>${found.length}</dd></div>`,
  );
  return `<h2>${escaped(title)}</h2><dl class="counts">${kinds.join("")}<div><dt>Edges</dt><dd>${edges}</dd></div></dl><p class="hint">Select a node or an edge to read what holds for it.</p>`;
};

const differences = ({ base, head, summary, changes }: Comparison): string => {
  const [headline, ...rest] = summary;
  return [
    `<p class="versions"><span>${escaped(base)}</span> <span aria-label="to">→</span> <span>${escaped(head)}</span></p>`,
    `<h2>${escaped(headline ?? "No differences")}</h2>`,
    ...rest.map((sentence) => `<p>${escaped(sentence)}</p>`),
    changes.length === 0
      ? ""
      : `<h3>${changes.length === 1 ? "1 change" : `${changes.length} changes`}</h3><ol class="changes">${changes.map(changeItem).join("")}</ol>`,
  ].join("");
};

const changeItem = ({ title, risks, lines, witness, causes }: PictureChange, index: number): string =>
  [
    `<li class="change" data-change="${index}"><button type="button" class="change-title" aria-pressed="false">${escaped(title)}</button>`,
    risks.length === 0
      ? ""
      : `<p class="risks">${risks.map((risk) => `<span class="risk">${escaped(risk)}</span>`).join(" ")}</p>`,
    lines.length === 0 ? "" : `<ul class="lines">${lines.map((line) => `<li>${escaped(line)}</li>`).join("")}</ul>`,
    witness === undefined
      ? ""
      : `<div class="witness"><code>${escaped(witness)}</code><button type="button" class="copy" aria-label="Copy the command">Copy</button></div>`,
    causes.length === 0
      ? ""
      : `<p class="causes">${causes.map((cause) => `<code>${escaped(cause)}</code>`).join(" ")}</p>`,
    `</li>`,
  ].join("");

/** What the marks of the drawing mean. */
export const legend = (compared: boolean): string => {
  const line = (mtls: EdgeMarks["mtls"]): string =>
    `<li><svg width="56" height="14" aria-hidden="true"><g class="ink" data-mtls="${mtls}" data-access="allowed"><path class="line" d="M2 7H38"/></g>${icon(`mtls-${mtls}`, 42, 1)}</svg>${mtlsWords[mtls]}</li>`;
  const end = (access: EdgeMarks["access"]): string =>
    `<li><svg width="56" height="14" aria-hidden="true"><g class="ink" data-mtls="mutual" data-access="${access}"><path class="line" d="M2 7H30"/><g transform="translate(36 7)">${arrowHead(access)}</g></g><g class="says" data-access="${access}">${icon(`access-${access}`, 42, 1)}</g></svg>${accessWords[access]}</li>`;
  const state = (name: PictureState, sign: string): string =>
    `<li><span class="sign" data-state="${name}">${sign}</span>${stateWords[name]}</li>`;
  const key = (keys: string, meaning: string): string => `<div><dt>${keys}</dt><dd>${meaning}</dd></div>`;
  return [
    `<details class="legend" id="legend" open><summary>Legend</summary><div class="legend-body">`,
    `<ul>${(["mutual", "plain", "mixed", "originated"] as const).map(line).join("")}</ul>`,
    `<ul>${(["allowed", "partly", "denied"] as const).map(end).join("")}<li><span class="bare-sample"></span>No proxy</li></ul>`,
    compared ? `<ul class="states">${state("added", "+")}${state("changed", "~")}${state("removed", "−")}</ul>` : "",
    `<dl class="keys">${key("<kbd>/</kbd>", "Search")}${key("<kbd>←</kbd><kbd>→</kbd><kbd>↑</kbd><kbd>↓</kbd>", "Move")}${key("<kbd>Enter</kbd>", "Select")}${key("<kbd>Esc</kbd>", "Back")}${key("<kbd>+</kbd><kbd>−</kbd><kbd>0</kbd>", "Zoom, fit")}${compared ? key("<kbd>1</kbd><kbd>2</kbd><kbd>3</kbd>", "Before, after, difference") : ""}</dl>`,
    `</div></details>`,
  ].join("");
};
