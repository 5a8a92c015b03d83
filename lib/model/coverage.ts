import { implies } from "./header-conditions.ts";
import type { Match, PathMatch, Route } from "./route.ts";

/** Whether every request of `inner` is also one of `outer`; both single matches that some request meets, so this is exact. */
export const covers = (outer: Match, inner: Match): boolean =>
  pathCovers(outer.path, inner.path) &&
  outer.headers.every((header) => inner.headers.some((other) => implies(other, header)));

const pathCovers = (outer: PathMatch, inner: PathMatch): boolean => {
  if (outer.kind === "any") return true;
  if (inner.kind === "any") return outer.kind === "prefix" && outer.value === "/";
  return outer.kind === "exact"
    ? inner.kind === "exact" && inner.value === outer.value
    : inner.value.startsWith(outer.value);
};

/** The same routes without matches that an earlier one takes whole: they mean the same, and platforms warn of the others. */
export const reachable = (routes: readonly Route[]): readonly Route[] => {
  const earlier: Match[] = [];
  return routes.flatMap((route) => {
    const matches = route.matches.filter((match) => {
      if (earlier.some((other) => covers(other, match))) return false;
      earlier.push(match);
      return true;
    });
    return matches.length === 0 ? [] : [matches.length === route.matches.length ? route : { ...route, matches }];
  });
};
