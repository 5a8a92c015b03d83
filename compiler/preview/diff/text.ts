import { planLines } from "../rollout/text.ts";
import { printable } from "./printable.ts";
import { riskWords, setLines, type ShownChange, type ShownDiff } from "./shown-diff.ts";

export interface TextStyle {
  readonly colour: boolean;
}

/** A diff for a terminal: what it means, then each change with its requests, a command that shows it, and its lines. */
export const diffText = (diff: ShownDiff, style: TextStyle): string => {
  const paint = (code: string, text: string): string =>
    style.colour ? `\u001b[${code}m${printable(text)}\u001b[0m` : printable(text);
  const plain = printable;
  const faint = (text: string): string => paint("2", text);
  const change = (one: ShownChange): readonly string[] => [
    `${paint("1", `${one.subject}: ${one.title}`)}${one.risks.length > 0 ? `  ${paint("33", `[${one.risks.map((risk) => riskWords[risk]).join(", ")}]`)}` : ""}`,
    ...setLines(one.sets).map((line) => `  ${plain(line)}`),
    ...(one.before === "" && one.after === ""
      ? []
      : [`  ${faint("before")} ${plain(one.before || "-")}`, `  ${faint("after ")} ${plain(one.after || "-")}`]),
    ...(one.witness ? [`  ${faint("try   ")} ${plain(one.witness.command)}`] : []),
    ...one.causes.flatMap(({ revision, file, line, source }) => [
      `  ${faint(revision === "base" ? "was at" : "at    ")} ${plain(file)}${line === undefined ? "" : `:${line}`}${source === "" ? "" : `  ${faint(source)}`}`,
    ]),
    "",
  ];
  const [headline = "", ...rest] = diff.summary;
  return [
    paint("1", headline),
    ...rest.map(plain),
    ...(diff.changes.length > 0 ? [""] : []),
    ...diff.changes.flatMap(change),
    ...(diff.rollout === undefined
      ? []
      : [paint("1", "rollout"), ...planLines(diff.rollout).map((line) => `  ${line}`), ""]),
    ...diff.notes.map((note) => faint(`note: ${note}`)),
    ...(diff.refused.length > 0
      ? [paint("31;1", `refused: ${diff.refused.map((risk) => riskWords[risk]).join(", ")}`)]
      : []),
  ]
    .map((line) => `${line}\n`)
    .join("");
};
