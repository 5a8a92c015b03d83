import { printable } from "./printable.ts";
import { riskWords, setLines, type ShownChange, type ShownDiff } from "./shown-diff.ts";

/** What GitHub takes for one comment, less what whoever posts it puts before. */
const longest = 65_536 - 512;
const summaryLines = 30;

/** A diff for a comment of a pull request: never longer than a comment may be; the summary survives, details fold and then go. */
export const diffMarkdown = (diff: ShownDiff): string => {
  const head = [...heading(diff), ...gate(diff)];
  const tail = diff.notes.map((note) => `_${inline(note)}_`);
  const details = diff.changes.map(detail);
  const fixed = `${[...head, ...tail].join("\n\n")}\n`;
  let room = longest - fixed.length - 200;
  const shown: string[] = [];
  for (const text of details) {
    if (text.length + 2 > room) break;
    shown.push(text);
    room -= text.length + 2;
  }
  const left = details.length - shown.length;
  const more = left === 0 ? [] : [`_…and ${left} more: \`mesh-compile diff\` shows them all._`];
  return `${[...head, ...shown, ...more, ...tail].join("\n\n")}\n`;
};

const heading = ({ summary, base, head, environment }: ShownDiff): readonly string[] => {
  const [first = "", ...rest] = summary.map((sentence) => inline(clipped(sentence, 600)));
  const said = rest.slice(0, summaryLines);
  const left = rest.length - said.length;
  return [
    `### Mesh: ${first}`,
    ...(said.length > 0
      ? [[...said.map((sentence) => `- ${sentence}`), ...(left > 0 ? [`- …and ${left} more`] : [])].join("\n")]
      : []),
    `<sub>${inline(base)} → ${inline(head)}${environment === undefined ? "" : `, ${inline(environment)}`}</sub>`,
  ];
};

const gate = ({ refused }: ShownDiff): readonly string[] =>
  refused.length === 0 ? [] : [`> **Refused:** this ${refused.map((risk) => riskWords[risk]).join(" and ")}.`];

const detail = ({ subject, title, risks, sets, before, after, witness, causes }: ShownChange): string => {
  const lines = [
    ...setLines(sets).map((line) => `- ${inline(clipped(line, 2000))}`),
    ...(before === "" && after === ""
      ? []
      : [`- before: ${inline(clipped(before || "-", 500))}`, `- after: ${inline(clipped(after || "-", 500))}`]),
    ...causes
      .slice(0, 20)
      .map(
        ({ revision, file, line }) =>
          `- ${revision === "base" ? "was at" : "at"} ${code(`${file}${line === undefined ? "" : `:${line}`}`)}`,
      ),
  ];
  const labels = risks.map((risk) => `<b>${riskWords[risk]}</b>`).join(", ");
  return [
    `<details><summary>${inline(subject)}: ${inline(clipped(title, 600))}${labels === "" ? "" : ` · ${labels}`}</summary>`,
    lines.join("\n"),
    ...(witness ? [fenced(witness.command)] : []),
    "</details>",
  ].join("\n\n");
};

/** Text that is nothing but text in Markdown: names and header values are whatever somebody wrote. */
const inline = (text: string): string =>
  printable(text)
    .replace(/[\\`*_{}[\]()#+!|~$^@:]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;");

const code = (text: string): string => `<code>${inline(text)}</code>`;

const fenced = (text: string): string => {
  const clean = printable(text);
  const ticks = "`".repeat(Math.max(2, ...(clean.match(/`+/g) ?? []).map(({ length }) => length)) + 1);
  return `${ticks}sh\n${clean}\n${ticks}`;
};

const clipped = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
