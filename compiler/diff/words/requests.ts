import type { Cube } from "../../../lib/requests/cover.ts";
import type { HeaderTest, RequestTest, StringTest } from "../../../lib/requests/request-test.ts";

/** A set of requests in words: alternatives, each a phrase that goes after "requests" (`GET below /api, without end-user: jason`). */
export const requestWords = (cubes: readonly Cube[]): readonly string[] => {
  const phrases = cubes.map(phraseOf);
  const byPath = joined(
    phrases,
    "path",
    ({ method, host, headers, connection }) => JSON.stringify([method, host, headers, connection]),
    paths,
  );
  const byMethod = joined(
    byPath,
    "method",
    ({ path, host, headers, connection }) => JSON.stringify([path, host, headers, connection]),
    alternatives,
  );
  return byMethod.map(({ method, path, host, headers, connection }) => {
    if (connection) return "connections that are not HTTP";
    const words = [...method, ...path, ...host, ...headers];
    return words.length === 0 ? everyRequest : words.join(", ");
  });
};

export const everyRequest = "every request";
/** Callers without a proxy, whom nobody knows by name. */
export const plainText = "whoever calls in plain text";

interface Phrase {
  readonly connection: boolean;
  readonly method: readonly string[];
  readonly path: readonly string[];
  readonly host: readonly string[];
  readonly headers: readonly string[];
}

const phraseOf = (cube: Cube): Phrase => {
  const connection = cube.some(({ test, holds }) => test.of === "connection" && holds);
  return {
    connection,
    method: stringWords(cube, "method"),
    path: stringWords(cube, "path"),
    host: stringWords(cube, "host"),
    headers: cube.flatMap(({ test, holds }) => (test.of === "header" ? [headerWords(test, holds)] : [])),
  };
};

const stringWords = (cube: Cube, of: StringTest["of"]): readonly string[] => {
  const asked = cube.filter((literal): literal is { test: StringTest; holds: boolean } => literal.test.of === of);
  const held = asked.filter(({ holds }) => holds).map(({ test }) => test);
  const others = asked.filter(({ holds }) => !holds).map(({ test }) => test);
  const words = [...held.map(patternWords)];
  if (others.length > 0) {
    const excepted = segments(others);
    words.push(`${held.length === 0 ? negated[of] : "but not"} ${listed(excepted, "or")}`);
  }
  return words.length === 0 ? [] : [words.join(" ")];
};

const negated = { method: "any method but", path: "any path but", host: "any host but" } as const;

const patternWords = ({ of, kind, value }: StringTest): string => {
  if (of === "method") return value;
  if (kind === "exact") return of === "host" ? `Host ${value}` : value;
  if (kind === "suffix") return `Host *${value}`;
  return value.endsWith("/") ? `below ${value}` : `${value}…`;
};

/** `/a` and what is below `/a/`, which together are what an author calls the prefix `/a`. */
const segments = (tests: readonly StringTest[]): readonly string[] => {
  const exact = new Set(tests.filter(({ kind }) => kind === "exact").map(({ value }) => value));
  const below = new Set(tests.filter(({ kind, of }) => kind === "prefix" && of === "path").map(({ value }) => value));
  return tests.flatMap((test) => {
    if (test.of === "path" && test.kind === "exact" && below.has(`${test.value}/`)) return [];
    if (test.of === "path" && test.kind === "prefix" && test.value.endsWith("/") && exact.has(test.value.slice(0, -1)))
      return [`${test.value.slice(0, -1)} and below`];
    return [patternWords(test)];
  });
};

const headerWords = (test: HeaderTest, holds: boolean): string => {
  const without = holds ? "with" : "without";
  switch (test.kind) {
    case "present":
      return `${without} a header ${test.name}`;
    case "exact":
      return `${without} ${test.name}: ${test.value}`;
    case "prefix":
      return `${without} ${test.name}: ${test.value}…`;
    case "only":
      return `${without} just ${test.values.map((value) => `${test.name}: ${value}`).join(" and ")}`;
  }
};

/** Phrases that differ in one property alone are one phrase. */
const joined = (
  phrases: readonly Phrase[],
  property: "path" | "method",
  rest: (phrase: Phrase) => string,
  together: (words: readonly string[]) => readonly string[],
): readonly Phrase[] => {
  const groups = new Map<string, Phrase[]>();
  for (const phrase of phrases) {
    const key = rest(phrase);
    const known = groups.get(key);
    if (known) known.push(phrase);
    else groups.set(key, [phrase]);
  }
  return [...groups.values()].map((group) =>
    group.some((phrase) => phrase[property].length === 0)
      ? { ...group[0]!, [property]: [] }
      : { ...group[0]!, [property]: together(group.flatMap((phrase) => phrase[property])) },
  );
};

const paths = (words: readonly string[]): readonly string[] => {
  const all = new Set(words);
  const segmented = words.flatMap((word) => {
    if (all.has(`below ${word}/`)) return [];
    const above = word.startsWith("below ") ? word.slice("below ".length, -1) : undefined;
    return above !== undefined && all.has(above) ? [`${above} and below`] : [word];
  });
  return alternatives(segmented);
};

const alternatives = (words: readonly string[]): readonly string[] => [listed([...new Set(words)], "or")];

/** "a, b or c". */
export const listed = (words: readonly string[], conjunction: "and" | "or"): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${conjunction} ${words[words.length - 1]!}`;

/** The same for names, of which six are enough to know what is meant: "a, b, c, d, e and 4 others". */
export const fewListed = (names: readonly string[]): string =>
  listed(names.length > 6 ? [...names.slice(0, 5), `${names.length - 5} others`] : names, "and");

/** The tests of a cube as data, for programs. */
export const cubeData = (cube: Cube): readonly (RequestTest & { readonly holds: boolean })[] =>
  cube.map(({ test, holds }) => ({ ...test, holds }));
