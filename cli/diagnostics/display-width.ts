/** Code points that terminals draw over two columns: East Asian wide and full-width ones, and pictures. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const narrow = /[\p{M}\p{Cf}]/u;

/** How many columns of a terminal a text takes. */
export const displayWidth = (text: string): number => {
  let width = 0;
  for (const character of text) width += narrow.test(character) ? 0 : wide.test(character) ? 2 : 1;
  return width;
};

/** The longest beginning of a text that fits into so many columns. */
export const fitting = (text: string, columns: number): string => {
  let width = 0;
  let fits = "";
  for (const character of text) {
    width += displayWidth(character);
    if (width > columns) return fits;
    fits += character;
  }
  return fits;
};

/**
 * What a manifest or a policy says, safe to print: control characters could redraw the terminal, and those that turn the
 * direction of writing could show other code than there is.
 */
export const printable = (text: string): string =>
  text.replaceAll("\t", "    ").replace(/(?!\n)[\p{Cc}\p{Cf}]/gu, "\ufffd");
