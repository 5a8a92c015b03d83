import type { Diagnostic, Place, Severity } from "../../lib/diagnostics/diagnostic.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Span } from "../../lib/diagnostics/span.ts";
import { displayWidth, fitting, printable } from "./display-width.ts";

export interface TextStyle {
  /** Columns of the terminal; longer source lines are cut around what is underlined. */
  readonly width: number;
  readonly colour: boolean;
}

export type Located = (origin: Origin) => Span | undefined;

/** Diagnostics for people: each with its source underlined, and how many there were. */
export const diagnosticsText = (diagnostics: readonly Diagnostic[], located: Located, style: TextStyle): string =>
  diagnostics.length === 0
    ? ""
    : `${[...diagnostics.slice(0, most).map((each) => one(each, located, style)), ...more(diagnostics)].join("\n")}\n${total(diagnostics, style)}\n`;

/** Nobody reads more at a time, and a mistake in a shared module has thousands of consequences. */
const most = 100;

const more = ({ length }: readonly Diagnostic[]): readonly string[] =>
  length > most ? [`… and ${length - most} more; --format json has them all\n`] : [];

const one = (found: Diagnostic, located: Located, style: TextStyle): string => {
  const head = `${paint(found.severity, found.severity, style)} ${paint("bold", found.code, style)}: ${paint("bold", indented(found.message, "  "), style)}`;
  const lines = [head, ...excerpt(found.place, located, style, found.severity)];
  for (const { message, place } of found.related ?? [])
    lines.push(
      `  ${paint("faint", "note:", style)} ${indented(message, "  ")}`,
      ...excerpt(place, located, style, "info"),
    );
  if (found.fix !== undefined) lines.push(`  ${paint("help", "help:", style)} ${indented(found.fix, "  ")}`);
  return `${lines.join("\n")}\n`;
};

const excerpt = (
  place: Place | undefined,
  located: Located,
  style: TextStyle,
  severity: Severity,
): readonly string[] => {
  if (place === undefined) return [];
  const span = "span" in place ? place.span : located(place.origin);
  if (span === undefined)
    return "origin" in place ? [`${paint("faint", " -->", style)} ${printable(place.origin.module)}`] : [];
  const number = String(span.line);
  const gutter = " ".repeat(number.length);
  const { line, from, length } = cut(span, Math.max(20, style.width - number.length - 3));
  return [
    `${paint("faint", `${gutter}-->`, style)} ${printable(span.file)}:${span.line}:${span.column}`,
    paint("faint", `${gutter} |`, style),
    `${paint("faint", `${number} |`, style)} ${line}`,
    `${paint("faint", `${gutter} |`, style)} ${" ".repeat(from)}${paint(severity, "^".repeat(length), style)}`,
  ];
};

/** The source line as it is printed, and what to underline of it, in columns. */
const cut = (
  { sourceLine, column, length }: Span,
  columns: number,
): { readonly line: string; readonly from: number; readonly length: number } => {
  const before = printable(sourceLine.slice(0, column - 1));
  const marked = printable(sourceLine.slice(column - 1, column - 1 + length));
  const after = printable(sourceLine.slice(column - 1 + length));
  const underlined = Math.max(1, displayWidth(marked));
  if (displayWidth(before) + underlined + displayWidth(after) <= columns)
    return { line: `${before}${marked}${after}`, from: displayWidth(before), length: underlined };
  const room = Math.min(
    displayWidth(before),
    Math.max(Math.floor(columns / 4), columns - underlined - displayWidth(after) - 1),
  );
  const head = room < displayWidth(before) ? `…${ending(before, room - 1)}` : before;
  const rest = columns - displayWidth(head);
  const tail = `${marked}${after}`;
  const shown = displayWidth(tail) <= rest ? tail : `${fitting(tail, rest - 1)}…`;
  return { line: `${head}${shown}`, from: displayWidth(head), length: Math.min(underlined, displayWidth(shown)) };
};

const ending = (text: string, columns: number): string => {
  const characters = [...text];
  let width = 0;
  let first = characters.length;
  while (first > 0 && width + displayWidth(characters[first - 1]!) <= columns) {
    first -= 1;
    width += displayWidth(characters[first]!);
  }
  return characters.slice(first).join("");
};

const indented = (message: string, indent: string): string => printable(message).replaceAll("\n", `\n${indent}`);

const total = (diagnostics: readonly Diagnostic[], style: TextStyle): string =>
  (["error", "warning", "info"] as const)
    .flatMap((severity) => {
      const count = diagnostics.filter((each) => each.severity === severity).length;
      return count === 0
        ? []
        : [paint(severity, `${count} ${severity === "info" ? "note" : severity}${count === 1 ? "" : "s"}`, style)];
    })
    .join(", ");

const colours = { error: "31;1", warning: "33;1", info: "36;1", help: "32", bold: "1", faint: "2" } as const;

const paint = (colour: keyof typeof colours, text: string, style: TextStyle): string =>
  style.colour ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;
