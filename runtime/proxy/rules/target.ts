import type { PathNormalization } from "../../../lib/graph/platform.ts";
import { normalizedTarget } from "../../../lib/model/normalized-path.ts";

/** Characters at which normalisation may have something to do; a path of others is what it was. */
const suspects = new Uint8Array(128);
for (const character of '%\\ "<>`{}#') suspects[character.charCodeAt(0)] = 1;
const [slash, dot, query] = ["/", ".", "?"].map((character) => character.charCodeAt(0)) as [number, number, number];

/** A request's target as it is looked at and forwarded; undefined for one that has no normal form. Nearly all are in it already. */
export const targetAs = (target: string, normalization: PathNormalization): string | undefined => {
  let before = 0;
  for (let at = 0; at < target.length; at += 1) {
    const code = target.charCodeAt(at);
    if (code === query) return target.includes("#", at) ? normalized(target, normalization) : target;
    if (suspects[code & 127] === 1 || (before === slash && (code === slash || code === dot)))
      return normalized(target, normalization);
    before = code;
  }
  return target;
};

const normalized = (target: string, normalization: PathNormalization): string | undefined => {
  const made = normalizedTarget(target, normalization);
  // An end of a string for some, a character for others.
  return normalization !== "none" && pathIn(made).includes("%00") ? undefined : made;
};

/** The path of a target, without its query. */
export const pathIn = (target: string): string => {
  const end = target.indexOf("?");
  return end === -1 ? target : target.slice(0, end);
};
