import type { Plan } from "../../rollout/plan.ts";
import { planLines } from "../rollout/text.ts";
import { printable } from "./printable.ts";
import { riskWords, setLines, type ShownChange, type ShownDiff } from "./shown-diff.ts";

/** What GitHub takes for one comment, less what whoever posts it puts before. */
const longest = 65_536 - 512;
const summaryLines = 30;
const longestSummary = 20_000;
const longestCommand = 4000;

/** A diff for a comment of a pull request: never longer than a comment may be; the summary survives, details fold and then go. */
export const diffMarkdown = (diff: ShownDiff): string => {
  const head = [...heading(diff), ...gate(diff)].filter((part) => part !== "");
  const tail = diff.notes.slice(0, 5).map((note) => `_${inline(note)}_`);
  const details = [...diff.changes.map(detail), ...(diff.rollout === undefined ? [] : [rollout(diff.rollout)])];
  const fixed = `${[...head, ...tail].join("\n\n")}\n`;
  let room = longest - fixed.length - 200;
  const shown: string[] = [];
  for (const text of details) {
    if (text.length + 2 > room) continue;
    shown.push(text);
    room -= text.length + 2;
  }
  const left = details.length - shown.length;
  const more = left === 0 ? [] : [`_…and ${left} more: \`mesh-compile diff\` shows them all._`];
  return `${[...head, ...shown, ...more, ...tail].join("\n\n")}\n`;
};

const heading = ({ summary, base, head, environment }: ShownDiff): readonly string[] => {
  const [first = "", ...rest] = summary;
  const said: string[] = [];
  let room = longestSummary;
  for (const sentence of rest) {
    const line = `- ${inline(sentence)}`;
    room -= line.length + 1;
    if (room < 0 || said.length === summaryLines) break;
    said.push(line);
  }
  const left = rest.length - said.length;
  return [
    `### Mesh: ${inline(first)}`,
    [...said, ...(left > 0 ? [`- …and ${left} more`] : [])].join("\n"),
    `<sub>${inline(base, 200)} → ${inline(head, 200)}${environment === undefined ? "" : `, ${inline(environment, 200)}`}</sub>`,
  ];
};

const gate = ({ refused }: ShownDiff): readonly string[] =>
  refused.length === 0 ? [] : [`> **Refused:** this ${refused.map((risk) => riskWords[risk]).join(" and ")}.`];

const detail = ({ subject, title, risks, sets, before, after, witness, causes }: ShownChange): string => {
  const lines = [
    ...setLines(sets)
      .slice(0, 20)
      .map((line) => `- ${inline(line, 2000)}`),
    ...(before === "" && after === ""
      ? []
      : [`- before: ${inline(before || "-", 500)}`, `- after: ${inline(after || "-", 500)}`]),
    ...causes
      .slice(0, 20)
      .map(
        ({ revision, file, line }) =>
          `- ${revision === "base" ? "was at" : "at"} ${code(`${file}${line === undefined ? "" : `:${line}`}`)}`,
      ),
  ];
  const labels = risks.map((risk) => `<b>${riskWords[risk]}</b>`).join(", ");
  return [
    `<details><summary>${inline(subject)}: ${inline(title, 600)}${labels === "" ? "" : ` · ${labels}`}</summary>`,
    lines.join("\n"),
    ...(witness && witness.command.length <= longestCommand ? [fenced(witness.command)] : []),
    "</details>",
  ].join("\n\n");
};

const rollout = (plan: Plan): string => {
  const { length } = plan.steps;
  return [
    `<details><summary>Rollout: ${length} step${length === 1 ? "" : "s"}, ${plan.kind}</summary>`,
    fenced(planLines(plan).join("\n")),
    "</details>",
  ].join("\n\n");
};

/** Text that is nothing but text in Markdown, cut to a length: names and header values are whatever somebody wrote. */
const inline = (text: string, most = 2000): string => {
  let made = "";
  for (const character of printable(text.slice(0, most))) {
    const escaped = /[\\`*_{}[\]()#+!|~$^@:<>&]/.test(character) ? `&#${character.charCodeAt(0)};` : character;
    if (made.length + escaped.length >= most) return `${made}…`;
    made += escaped;
  }
  return text.length > most ? `${made}…` : made;
};

const code = (text: string): string => `<code>${inline(text)}</code>`;

const fenced = (text: string): string => {
  const clean = printable(text);
  const ticks = "`".repeat(Math.max(2, ...(clean.match(/`+/g) ?? []).map(({ length }) => length)) + 1);
  return `${ticks}sh\n${clean}\n${ticks}`;
};
