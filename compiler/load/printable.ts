/** An author's words for a message: without what a terminal would obey, and not without end. Line breaks stay. */
export const printable = (text: string): string => text.replace(/[^\P{C}\n]+/gu, " ").slice(0, 4000);

/** The same on one line, for a name. */
export const shortened = (text: string): string => {
  const line = printable(text).replaceAll("\n", " ");
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
};
