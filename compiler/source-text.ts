import { diagnostic } from "../lib/diagnostics/catalog.ts";
import type { Staged } from "../lib/diagnostics/diagnostic.ts";
import type { Span } from "../lib/diagnostics/span.ts";
import { once } from "../lib/graph/once.ts";

/** A text that was read, and what to call it when something in it must be reported. */
export interface SourceText {
  /** A path that the reader can open. */
  readonly file: string;
  readonly text: string;
}

/** UTF-16 offsets, `end` exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Refuses what is no UTF-8 instead of replacing it: a replaced character would silently be another name. */
export const sourceText = (file: string, bytes: Uint8Array): Staged<SourceText> => {
  try {
    return { value: { file, text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) }, diagnostics: [] };
  } catch {
    // The decoder drops a byte order mark; keeping it here keeps the offsets of both readings equal.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    const start = firstReplaced(text, bytes);
    const span = spanAt({ file, text }, { start, end: start + 1 });
    return { value: undefined, diagnostics: [diagnostic("MESH4002", { file }, { place: { span } })] };
  }
};

/** Where the decoder replaced bytes: the first character whose encoding is not what was read. */
const firstReplaced = (text: string, bytes: Uint8Array): number => {
  let at = text.indexOf("\uFFFD");
  let read = 0;
  let from = 0;
  while (at !== -1) {
    read += Buffer.byteLength(text.slice(from, at));
    if (bytes[read] !== 0xef || bytes[read + 1] !== 0xbf || bytes[read + 2] !== 0xbd) return at;
    from = at;
    at = text.indexOf("\uFFFD", at + 1);
  }
  return 0;
};

/** As `spanIn`, but a text with thousands of findings is searched for line ends only once. */
export const spanAt = (source: SourceText, { start, end }: Range): Span => {
  const starts = lineStarts(source);
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= start) low = middle;
    else high = middle - 1;
  }
  const lineStart = starts[low]!;
  const lineEnd = low + 1 < starts.length ? starts[low + 1]! - 1 : source.text.length;
  const sourceLine = source.text.slice(lineStart, lineEnd).replace(/\r$/, "");
  return {
    file: source.file,
    start,
    end,
    line: low + 1,
    column: start - lineStart + 1,
    sourceLine,
    length: Math.max(1, Math.min(end - lineStart, sourceLine.trimEnd().length) - (start - lineStart)),
  };
};

const lineStarts = once(({ text }: SourceText): readonly number[] => {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
});
