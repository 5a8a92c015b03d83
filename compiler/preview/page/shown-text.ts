/**
 * A name as the page shows it. Whoever named a thing does not decide how the text around it reads: marks that turn writing,
 * and everything else that has no shape, are spelled out.
 */
export const shownText = (text: string): string =>
  text.replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, (mark) => {
    const code = mark.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });

/** Safe as text and in a quoted attribute. */
export const escaped = (text: string): string =>
  shownText(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");

/** A value for a script element: no writing inside it can end the element or begin a comment. */
export const embedded = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) => (typeof member === "string" ? shownText(member) : member)).replace(
    /[<>&\u2028\u2029]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

/** Roughly how wide a text is in a system font of that size: there is no font to ask where the page is made. */
export const textWidth = (text: string, size: number): number => {
  let ems = 0;
  for (const { segment } of graphemes.segment(text)) ems += emsOf(segment);
  return ems * size;
};

/** As much of a name as fits, with an ellipsis for the rest; the whole name is in the title and the panel. */
export const fittedText = (text: string, size: number, width: number): string => {
  const line = shownText(text).replaceAll("\n", " ");
  if (textWidth(line.slice(0, 400), size) <= width && line.length <= 400) return line;
  let kept = "";
  let ems = 1;
  for (const { segment } of graphemes.segment(line.slice(0, 400))) {
    ems += emsOf(segment);
    if (ems * size > width) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
};

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

const emsOf = (grapheme: string): number => {
  if (/^[iljtfrI.,:;|!' ()[\]-]$/.test(grapheme)) return 0.36;
  if (/^[mwMW@%…]$/.test(grapheme)) return 0.92;
  if (/^[A-Z]$/.test(grapheme)) return 0.7;
  return /^[\u0020-\u02af·–]$/.test(grapheme) ? 0.58 : 1.1;
};
