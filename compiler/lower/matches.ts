import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import type { HeaderCondition, HeaderExclusion, PathCondition, When } from "../../lib/intent/index.ts";
import { excluding, headerConditions, inOrder } from "../../lib/model/header-conditions.ts";
import type { HeaderMatch, Match, PathMatch, StatedHeader } from "../../lib/model/route.ts";
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
  const stated = Object.entries(when.headers ?? {}).map(([name, condition]) =>
    headerMatch(name, condition, at(origin, "headers", name), report),
  );
  const excluded = Object.entries(when.withoutHeaders ?? {}).map(([name, exclusion]) =>
    excludedHeader(name, exclusion, at(origin, "withoutHeaders", name), report),
  );
  for (const [property, matches] of [
    ["headers", stated],
    ["withoutHeaders", excluded],
  ] as const) {
    const names = matches.map(({ name }) => name);
    for (const name of new Set(names))
      if (names.indexOf(name) !== names.lastIndexOf(name)) report("MESH2009", { name }, at(origin, property));
  }
  // Those that no request meets are told of by a law of their own.
  const headers = headerConditions([...stated, ...excluded]) ?? inOrder([...stated, ...excluded]);
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
  const stated = statedHeader(written, condition, origin, report);
  return typeof condition === "object" && condition.header === "absent" ? excluding(stated) : stated;
};

const excludedHeader = (
  written: string,
  exclusion: HeaderExclusion,
  origin: Origin,
  report: Context["report"],
): HeaderMatch => excluding(statedHeader(written, exclusion, origin, report));

const statedHeader = (
  written: string,
  condition: HeaderCondition | HeaderExclusion,
  origin: Origin,
  report: Context["report"],
): StatedHeader => {
  const name = headerName(written, origin, report);
  const value = valueOf(condition);
  return value === undefined ? { name, kind: "present" } : { name, ...checkedValue(written, value, origin, report) };
};

/** With a letter in it: a platform that lists one exclusion a name lists a second under the name in other letters. */
const headerName = (written: string, origin: Origin, report: Context["report"]): string => {
  const name = written.toLowerCase();
  if (!/^(?=.*[a-z])[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || name === "host")
    report("MESH2010", { name: written }, origin);
  return name;
};

type Value = Pick<StatedHeader & { readonly value: string }, "kind" | "value">;

const valueOf = (condition: HeaderCondition | HeaderExclusion): Value | undefined => {
  if (typeof condition === "string") return { kind: "exact", value: condition };
  return typeof condition.prefix === "string" ? { kind: "prefix", value: condition.prefix } : undefined;
};

const checkedValue = (name: string, value: Value, origin: Origin, report: Context["report"]): Value => {
  if (value.value === "") report("MESH2011", { name }, origin);
  else if (!canBeSent(value.value)) report("MESH2013", { name, value: value.value }, origin);
  return value;
};
