import type { HeaderEdits } from "../../../lib/model/route.ts";
import type { HeaderLines } from "../http1/head.ts";

/** Header lines after a route's edits: removals, then replacements, then additions. */
export const edited = (lines: HeaderLines, { remove, set, add }: HeaderEdits): HeaderLines => {
  if (remove.length === 0 && set.length === 0 && add.length === 0) return lines;
  const kept: string[] = [];
  for (let at = 0; at < lines.length; at += 2) {
    const name = lines[at]!;
    if (remove.includes(name) || set.some(([other]) => other === name)) continue;
    kept.push(name, lines[at + 1]!);
  }
  for (const [name, value] of set) kept.push(name, value);
  for (const [name, value] of add) kept.push(name, value);
  return kept;
};
