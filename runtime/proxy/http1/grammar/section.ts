import { cr, lf } from "./characters.ts";

/** A run of lines that an empty line ends, as far as it was looked at. */
export interface Section {
  /**
   * "whole": ended as it must; "broken": its last byte makes a bare CR or LF, after which readers disagree; "too long":
   * the limit was reached.
   */
  readonly kind: "whole" | "broken" | "too long";
  /** As latin1: without the CRLF CRLF if whole, else with all that was read. */
  readonly text: string;
  /** Where in the last chunk it ended. */
  readonly end: number;
}

export interface SectionBuffer {
  /** Undefined while more must come; the chunk may then be used again by its owner. */
  readonly take: (chunk: Buffer, offset: number) => Section | undefined;
  readonly begun: () => boolean;
}

/** After which bytes the next one comes. */
const [inLine, afterCr, lineStart, lineStartCr] = [0, 1, 2, 3];
const firstHold = 1024;

/**
 * Collects a section of at most `limit` bytes, its end included. Each byte is looked at once however they come, and a
 * sender who drips holds no more memory than one who pours. `first` is the place before the first byte: "line start"
 * where there need be no line at all.
 */
export const sectionBuffer = (limit: number, first: "in line" | "line start"): SectionBuffer => {
  const firstPlace = first === "in line" ? inLine : lineStart;
  let held: Buffer | undefined;
  let length = 0;
  let place = firstPlace;

  const hold = (chunk: Buffer, from: number, to: number): void => {
    const needed = length + to - from;
    if (held === undefined || held.length < needed) {
      const larger = Buffer.allocUnsafe(Math.min(Math.max(firstHold, needed * 2), Math.max(limit, needed)));
      held?.copy(larger, 0, 0, length);
      held = larger;
    }
    chunk.copy(held, length, from, to);
    length = needed;
  };
  const ended = (kind: Section["kind"], chunk: Buffer, offset: number, end: number): Section => {
    hold(chunk, offset, end);
    // The empty line, with the end of the line before it if there is one.
    const without = kind !== "whole" ? 0 : length === 2 ? 2 : 4;
    const text = (held as Buffer).toString("latin1", 0, length - without);
    held = undefined;
    length = 0;
    place = firstPlace;
    return { kind, text, end };
  };

  return {
    take(chunk, offset) {
      for (let at = offset; at < chunk.length; at += 1) {
        if (length + at - offset === limit) return ended("too long", chunk, offset, at);
        const byte = chunk[at];
        if (place === afterCr || place === lineStartCr) {
          if (byte !== lf) return ended("broken", chunk, offset, at + 1);
          if (place === lineStartCr) return ended("whole", chunk, offset, at + 1);
          place = lineStart;
        } else if (byte === cr) place = place === inLine ? afterCr : lineStartCr;
        else if (byte === lf) return ended("broken", chunk, offset, at + 1);
        else place = inLine;
      }
      if (offset < chunk.length) hold(chunk, offset, chunk.length);
      return undefined;
    },
    begun: () => length > 0,
  };
};
