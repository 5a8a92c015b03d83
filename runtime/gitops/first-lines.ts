const most = 10;

/** Of many lines the first ones, and how many there are more: for people, who mend those first. */
export const firstLines = (lines: readonly string[]): string =>
  [...lines.slice(0, most), ...(lines.length > most ? [`and ${lines.length - most} more`] : [])].join("\n");
