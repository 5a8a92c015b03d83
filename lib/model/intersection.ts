import type { HeaderMatch, Match, PathMatch } from "./route.ts";

/**
 * What both matches match, or undefined where no request with one line of each header can be in both. Exact for those:
 * this language is closed under it.
 */
export const intersection = (a: Match, b: Match): Match | undefined => {
  const path = pathIntersection(a.path, b.path);
  if (path === undefined) return undefined;
  const headers = new Map(a.headers.map((header) => [header.name, header]));
  for (const header of b.headers) {
    const known = headers.get(header.name);
    const both = known ? headerIntersection(known, header) : header;
    if (both === undefined) return undefined;
    headers.set(header.name, both);
  }
  return { path, headers: [...headers.values()].sort((x, y) => (x.name < y.name ? -1 : 1)) };
};

const pathIntersection = (a: PathMatch, b: PathMatch): PathMatch | undefined => {
  if (a.kind === "any") return b;
  if (b.kind === "any") return a;
  return valueIntersection(a, b);
};

const headerIntersection = (a: HeaderMatch, b: HeaderMatch): HeaderMatch | undefined => {
  if (a.kind === "absent" || b.kind === "absent") return a.kind === b.kind ? a : undefined;
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
