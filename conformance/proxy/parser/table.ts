import type { Case } from "./corpus/case.ts";
import type { Reading } from "./reading.ts";

export interface Row {
  readonly entry: Case;
  readonly cells: readonly { readonly peer: string; readonly direct: Reading; readonly through: Reading }[];
}

const width = 15;

/** What every system made of the same bytes. */
export const table = (rows: readonly Row[]): readonly string[] => {
  const peers = rows[0]?.cells.map(({ peer }) => peer) ?? [];
  const accepts = peers.map((peer) => `${peer} ${count(rows, peer, ({ entry, direct }) => direct > entry)}`);
  const refuses = peers.map((peer) => `${peer} ${count(rows, peer, ({ entry, through }) => through < entry)}`);
  return [
    "Whole messages read, then how it ended: a status, or closed. Ours, then each peer, sent the same bytes as they are.",
    "! reads more than we let through; - refuses something that we forward",
    "",
    `${"".padEnd(54)}${["ours", ...peers].map((name) => name.padEnd(width)).join("")}`,
    ...rows.map(({ entry, cells }) =>
      [
        entry.name.padEnd(54),
        cell(entry.messages.length, entry.end === "open" ? "" : String(entry.end), ""),
        ...cells.map(({ direct, through }) =>
          cell(
            direct.messages.length,
            ended(direct),
            `${direct.messages.length > entry.messages.length ? "!" : ""}${through.messages.length < entry.messages.length ? "-" : ""}`,
          ),
        ),
      ].join(""),
    ),
    `${rows.length} cases; read more than we let through: ${accepts.join(", ")}`,
    `refused something that we forwarded: ${refuses.join(", ")}`,
  ];
};

interface Counts {
  readonly entry: number;
  readonly direct: number;
  readonly through: number;
}

const count = (rows: readonly Row[], peer: string, holds: (counts: Counts) => boolean): number =>
  rows.filter(({ entry, cells }) => {
    const cell = cells.find((cell) => cell.peer === peer);
    return (
      cell !== undefined &&
      holds({
        entry: entry.messages.length,
        direct: cell.direct.messages.length,
        through: cell.through.messages.length,
      })
    );
  }).length;

const cell = (messages: number, end: string, mark: string): string =>
  `${messages}${end && ` ${end}`}${mark && ` ${mark}`}`.padEnd(width);

const ended = ({ statuses, closed }: Reading): string => {
  const refusal = statuses.find((status) => status >= 300);
  return refusal === undefined ? (closed ? "closed" : "") : String(refusal);
};
