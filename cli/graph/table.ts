import { displayWidth, fitting } from "../diagnostics/display-width.ts";

/** A cell is as many lines as it has items. */
export type Row = readonly (readonly string[])[];

const gap = 2;
const narrowest = 10;

/** Rows in aligned columns; where they are wider than the terminal, the widest columns are folded. */
export const table = (head: readonly string[], rows: readonly Row[], columns: number): string => {
  const all: readonly Row[] = [head.map((cell) => [cell]), ...rows];
  const widths = head.map((_, column) =>
    Math.max(...all.map((row) => Math.max(0, ...(row[column] ?? []).map(displayWidth)))),
  );
  const room = (): number => columns - widths.reduce((sum, width) => sum + width, gap * (widths.length - 1));
  while (room() < 0) {
    const widest = widths.indexOf(Math.max(...widths));
    if (widths[widest]! <= narrowest) break;
    widths[widest]! -= 1;
  }
  return all.map((row) => lines(row, widths)).join("");
};

const lines = (row: Row, widths: readonly number[]): string => {
  const cells = widths.map((width, column) => (row[column] ?? []).flatMap((item) => folded(item, width)));
  const height = Math.max(1, ...cells.map((cell) => cell.length));
  return Array.from({ length: height }, (_, at) => {
    const line = cells.map((cell, column) => padded(cell[at] ?? "", widths[column]!)).join(" ".repeat(gap));
    return `${line.trimEnd()}\n`;
  }).join("");
};

const folded = (item: string, width: number): readonly string[] => {
  if (displayWidth(item) <= width) return [item];
  const head = fitting(item, width) || [...item][0]!;
  return [head, ...folded(item.slice(head.length), width)];
};

const padded = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - displayWidth(text)));
