import type { HeaderEdits } from "../../../lib/model/route.ts";
import type { HeaderLines } from "../http1/head.ts";

/** Fields that frame and route a message: whoever writes them decides where it ends, and where it goes. */
const framing: ReadonlySet<string> = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "upgrade",
  "te",
]);

/**
 * Edits with values as they are sent, UTF-8 as latin1 has its bytes. Throws where they could end their line, or the message:
 * heads are put together without looking again.
 */
export const checkedEdits = ({ remove, set, add }: HeaderEdits): HeaderEdits => {
  for (const name of remove) if (framing.has(name)) throw new Error(`a route may not remove the header ${name}`);
  return { remove, set: set.map(checked), add: add.map(checked) };
};

const checked = ([name, value]: HeaderEdits["set"][number]): HeaderEdits["set"][number] => {
  // eslint-disable-next-line no-control-regex
  if (!/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name) || framing.has(name) || /[\x00-\x08\x0a-\x1f\x7f]/.test(value))
    throw new Error(`a route may not write the header ${JSON.stringify(name)} as it says`);
  return [name, Buffer.from(value).toString("latin1")];
};

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
