/** Nobody means a name with what is longer than a path. */
const longestWord = 256;

/** Cells of distances that one answer may take: thousands of names of a mesh; of whoever is hostile, a moment. */
const mostCells = 2e6;

/**
 * The candidate most like `word`, when it is near enough to have been meant (Damerau–Levenshtein distance at most a third of
 * the longer one's length); of equally near ones the first by code units. What it takes is bounded, whoever chose the names:
 * beyond, the candidates left are not looked at.
 */
export const nearest = (word: string, candidates: Iterable<string>): string | undefined => {
  if (word.length > longestWord) return undefined;
  let best: string | undefined;
  let least = Infinity;
  const cells = { left: mostCells };
  for (const candidate of candidates) {
    const limit = Math.min(least, Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3)));
    if (Math.abs(word.length - candidate.length) > limit) continue;
    if (cells.left < 0) break;
    const distance = editDistance(word, candidate, limit, cells);
    if (distance > limit || (distance === least && best !== undefined && best < candidate)) continue;
    best = candidate;
    least = distance;
  }
  return best;
};

/** More than `limit` where it is more than that. */
const editDistance = (a: string, b: string, limit: number, cells: { left: number }): number => {
  const width = b.length + 1;
  cells.left -= width;
  let before = new Uint16Array(width);
  let above = Uint16Array.from({ length: width }, (_, j) => j);
  let row = new Uint16Array(width);
  let leastAbove = 0;
  for (let i = 1; i < a.length + 1; i += 1) {
    const [last, own] = [a.charCodeAt(i - 2), a.charCodeAt(i - 1)];
    let least = i;
    row[0] = i;
    cells.left -= width;
    for (let j = 1; j < width; j += 1) {
      const other = b.charCodeAt(j - 1);
      let distance = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (own === other ? 0 : 1));
      if (i > 1 && j > 1 && last === other && own === b.charCodeAt(j - 2))
        distance = Math.min(distance, before[j - 2]! + 1);
      row[j] = distance;
      if (distance < least) least = distance;
    }
    // From here it only grows, but for a transposition, which begins a row above.
    if (least > limit && leastAbove > limit) return limit + 1;
    leastAbove = least;
    [before, above, row] = [above, row, before];
  }
  return above[b.length]!;
};
