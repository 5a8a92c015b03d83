/** A place in a source file: zero-based offsets in UTF-16 code units, one-based line and column. `file` is relative to the mesh folder. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  /** The first underlined line, so that a report needs no file system. */
  readonly sourceLine: string;
  /** How many characters of `sourceLine` are underlined. */
  readonly length: number;
}

/** The span from `start` to `end` of `text`; an empty range underlines one character. */
export const spanIn = (file: string, text: string, start: number, end: number): Span => {
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  const newline = text.indexOf("\n", start);
  const lineEnd = newline === -1 ? text.length : newline;
  const line = text.slice(0, lineStart).split("\n").length;
  return {
    file,
    start,
    end,
    line,
    column: start - lineStart + 1,
    sourceLine: text.slice(lineStart, lineEnd).replace(/\r$/, ""),
    length: Math.max(1, Math.min(end, lineEnd) - start),
  };
};
