import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { HeaderCondition, PathCondition, When } from "../../lib/intent/index.ts";
import type { HeaderMatch, Match, PathMatch } from "../../lib/model/route.ts";
import { normalizedTarget } from "../../lib/model/normalized-path.ts";
import type { Context } from "./context.ts";
import { canBeSent } from "./header-edits.ts";

/** A route's conditions as alternatives; a segment-aware prefix becomes the path itself or everything below it. */
export const matches = (
  when: When | readonly When[] | undefined,
  origin: Origin,
  context: Context,
): readonly Match[] => {
  if (when === undefined) return [{ path: { kind: "any" }, headers: [] }];
  if (!isList(when)) return conditionMatches(when, origin, context);
  if (when.length === 0) context.report("MESH2006", {}, origin);
  return when.flatMap((condition, index) => conditionMatches(condition, at(origin, index), context));
};

const isList = (when: When | readonly When[]): when is readonly When[] => Array.isArray(when);

const conditionMatches = (when: When, origin: Origin, context: Context): readonly Match[] => {
  const { report } = context;
  const headers = Object.entries(when.headers ?? {})
    .map(([name, condition]) => headerMatch(name, condition, at(origin, "headers", name), report))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  headers.forEach(({ name }, index) => {
    if (headers[index - 1]?.name === name) report("MESH2009", { name }, at(origin, "headers"));
  });
  return pathMatches(when, origin, context).map((path) => ({ path, headers }));
};

const pathMatches = (when: When, origin: Origin, context: Context): readonly PathMatch[] => {
  if (typeof when.path === "string") return pathAlternatives(when.path, at(origin, "path"), context);
  if (typeof when.prefix === "string") return pathAlternatives({ prefix: when.prefix }, at(origin, "prefix"), context);
  return [{ kind: "any" }];
};

/** The strings that a path condition stands for. */
export const pathAlternatives = (
  condition: PathCondition,
  origin: Origin,
  { platform, report }: Context,
): readonly PathMatch[] => {
  const exact = typeof condition === "string";
  const value = exact ? condition : condition.prefix;
  const normal = normalizedTarget(value, platform.pathNormalization);
  if (!value.startsWith("/") || /[?#*{}\s]/.test(value)) report("MESH2007", { path: value }, origin);
  else if (normal !== value) report("MESH2024", { path: value, normal }, origin);
  if (exact) return [{ kind: "exact", value }];
  if (value === "/") return [{ kind: "any" }];
  if (value.endsWith("/")) report("MESH2008", { prefix: value }, origin);
  return [
    { kind: "exact", value },
    { kind: "prefix", value: `${value}/` },
  ];
};

const headerMatch = (
  written: string,
  condition: HeaderCondition,
  origin: Origin,
  report: Context["report"],
): HeaderMatch => {
  const name = written.toLowerCase();
  if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || name === "host") report("MESH2010", { name: written }, origin);
  const value = typeof condition === "string" ? condition : condition.prefix;
  if (typeof value === "string" && value !== "" && !canBeSent(value))
    report("MESH2013", { name: written, value }, origin);
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
