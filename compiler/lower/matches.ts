import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { HeaderCondition, PathCondition, When } from "../../lib/intent/index.ts";
import type { HeaderMatch, Match, PathMatch } from "../../lib/model/route.ts";
import type { Report } from "./context.ts";

/** A route's conditions as alternatives; a segment-aware prefix becomes the path itself or everything below it. */
export const matches = (when: When | readonly When[] | undefined, origin: Origin, report: Report): readonly Match[] => {
  if (when === undefined) return [{ path: { kind: "any" }, headers: [] }];
  if (!isList(when)) return conditionMatches(when, origin, report);
  if (when.length === 0) report("MESH2006", {}, origin);
  return when.flatMap((condition, index) => conditionMatches(condition, at(origin, index), report));
};

const isList = (when: When | readonly When[]): when is readonly When[] => Array.isArray(when);

const conditionMatches = (when: When, origin: Origin, report: Report): readonly Match[] => {
  const headers = Object.entries(when.headers ?? {})
    .map(([name, condition]) => headerMatch(name, condition, at(origin, "headers", name), report))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  headers.forEach(({ name }, index) => {
    if (headers[index - 1]?.name === name) report("MESH2009", { name }, at(origin, "headers"));
  });
  return pathMatches(when, origin, report).map((path) => ({ path, headers }));
};

const pathMatches = (when: When, origin: Origin, report: Report): readonly PathMatch[] => {
  if (typeof when.path === "string") return pathAlternatives(when.path, at(origin, "path"), report);
  if (typeof when.prefix === "string") return pathAlternatives({ prefix: when.prefix }, at(origin, "prefix"), report);
  return [{ kind: "any" }];
};

/** The strings that a path condition stands for. */
export const pathAlternatives = (condition: PathCondition, origin: Origin, report: Report): readonly PathMatch[] => {
  const exact = typeof condition === "string";
  const value = exact ? condition : condition.prefix;
  if (!value.startsWith("/") || /[?#*{}\s]/.test(value)) report("MESH2007", { path: value }, origin);
  if (exact) return [{ kind: "exact", value }];
  if (value === "/") return [{ kind: "any" }];
  if (value.endsWith("/")) report("MESH2008", { prefix: value }, origin);
  return [
    { kind: "exact", value },
    { kind: "prefix", value: `${value}/` },
  ];
};

const headerMatch = (written: string, condition: HeaderCondition, origin: Origin, report: Report): HeaderMatch => {
  const name = written.toLowerCase();
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || name === "host") report("MESH2010", { name: written }, origin);
  if (typeof condition === "string") {
    if (condition === "") report("MESH2011", { name: written }, origin);
    return { name, kind: "exact", value: condition };
  }
  if (typeof condition.prefix === "string") {
    if (condition.prefix === "") report("MESH2011", { name: written }, origin);
    return { name, kind: "prefix", value: condition.prefix };
  }
  return { name, kind: condition.header === "absent" ? "absent" : "present" };
};
