import { headerConditions, isStated } from "./header-conditions.ts";
import type { Match, PathMatch, StatedHeader } from "./route.ts";

/**
 * What both matches match, or undefined where no request with one line of each header can be in both. Exact for those:
 * this language is closed under it.
 */
export const intersection = (a: Match, b: Match): Match | undefined => {
  const path = pathIntersection(a.path, b.path);
  if (path === undefined) return undefined;
  const all = [...a.headers, ...b.headers];
  const stated = new Map<string, StatedHeader>();
  for (const header of all.filter(isStated)) {
    const known = stated.get(header.name);
    const both = known ? statedIntersection(known, header) : header;
    if (both === undefined) return undefined;
    stated.set(header.name, both);
  }
  const headers = headerConditions([...stated.values(), ...all.filter((header) => !isStated(header))]);
  return headers && { path, headers };
};

const pathIntersection = (a: PathMatch, b: PathMatch): PathMatch | undefined => {
  if (a.kind === "any") return b;
  if (b.kind === "any") return a;
  return valueIntersection(a, b);
};

const statedIntersection = (a: StatedHeader, b: StatedHeader): StatedHeader | undefined => {
  if (a.kind === "present") return b;
  if (b.kind === "present") return a;
  return valueIntersection(a, b);
};

const valueIntersection = <V extends { readonly kind: "exact" | "prefix"; readonly value: string }>(
  a: V,
  b: V,
): V | undefined => {
  const [longer, shorter] = a.value.length >= b.value.length ? [a, b] : [b, a];
  if (a.kind === "exact" && b.kind === "exact") return a.value === b.value ? a : undefined;
  if (a.kind === "prefix" && b.kind === "prefix") return longer.value.startsWith(shorter.value) ? longer : undefined;
  const [exact, prefix] = a.kind === "exact" ? [a, b] : [b, a];
  return exact.value.startsWith(prefix.value) ? exact : undefined;
};
