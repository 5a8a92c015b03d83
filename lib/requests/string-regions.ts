import type { PathNormalization } from "../graph/platform.ts";
import { normalizedTarget } from "../model/normalized-path.ts";
import { accepts, type Pattern } from "./request-test.ts";

/** Strings to which the same patterns apply, by one of them. */
export interface Region<P extends Pattern = Pattern> {
  readonly holds: ReadonlySet<P>;
  readonly sample: string;
}

/** Which strings there are to tell apart. */
export interface Strings {
  /** Tried before all others, so that samples look familiar. */
  readonly familiar: readonly string[];
  /** What they all begin with (or, for suffixes, end with). */
  readonly root: string;
  readonly isPossible: (text: string) => boolean;
}

/** What can follow in a path, a name or a header: first what looks familiar, then everything that such a text may hold. */
const alphabet = [
  ..."xyz0123456789abcdefghijklmnopqrstuvwABCDEFGHIJKLMNOPQRSTUVWXYZ-._~!$&'()*+,;=:@/%\\|^[]\"<>{}`",
  "\u00e9",
  "\u4e2d",
];

/**
 * The regions into which prefixes (or suffixes) part all possible strings, each with a string in it. A region is left out
 * only where it has none: for each pattern it is searched how a string can go on that no deeper pattern accepts.
 */
export const stringRegions = <P extends Pattern>(
  patterns: readonly P[],
  { familiar, root, isPossible }: Strings,
): readonly Region<P>[] => {
  const regions = new Map<string, Region<P>>();
  const add = (sample: string): void => {
    if (!isPossible(sample)) return;
    const holds = patterns.map((pattern) => accepts(pattern, sample));
    const key = holds.map(Number).join("");
    if (!regions.has(key)) regions.set(key, { holds: new Set(patterns.filter((_, index) => holds[index])), sample });
  };
  familiar.forEach(add);
  const fromEnd = patterns.some(({ kind }) => kind === "suffix");
  for (const value of new Set([root, ...patterns.map((pattern) => pattern.value)])) {
    add(value);
    for (const sample of samplesBeyond(value, patterns, fromEnd, isPossible)) add(sample);
  }
  return [...regions.values()];
};

/** Strings that go on from a value past every pattern that goes on from it, where there are such: the shortest is enough. */
const samplesBeyond = (
  value: string,
  patterns: readonly Pattern[],
  fromEnd: boolean,
  isPossible: (text: string) => boolean,
): readonly string[] => {
  const goesOn = (text: string, with_: string): boolean => (fromEnd ? text.endsWith(with_) : text.startsWith(with_));
  const deeper = patterns.filter((pattern) => pattern.value !== value && goesOn(pattern.value, value));
  let open = [value];
  const longest = Math.max(value.length, ...deeper.map((pattern) => pattern.value.length)) + 2;
  while (open.length > 0 && open[0]!.length <= longest) {
    const next: string[] = [];
    for (const from of open) {
      for (const letter of alphabet) {
        const text = fromEnd ? `${letter}${from}` : `${from}${letter}`;
        const within = deeper.filter((pattern) => goesOn(text, pattern.value) || goesOn(pattern.value, text));
        if (within.some((pattern) => pattern.kind !== "exact" && accepts(pattern, text))) continue;
        if (within.some((pattern) => goesOn(pattern.value, text))) next.push(text);
        if (isPossible(text) && !within.some((pattern) => accepts(pattern, text))) return [text];
      }
    }
    open = next;
  }
  return [];
};

export const methods: Strings = {
  familiar: ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "REPORT", "X"],
  root: "",
  isPossible: (text) => text !== "",
};

/**
 * Paths as they leave a proxy: those that normalising them again leaves as they are. What a proxy is sent otherwise means
 * what its normal form means.
 */
export const paths = (normalization: PathNormalization): Strings => ({
  familiar: ["/"],
  root: "/",
  isPossible: (text) => /^\/[^?#\s]*$/.test(text) && normalizedTarget(text, normalization) === text,
});

export const headerLines: Strings = {
  familiar: ["x"],
  root: "",
  isPossible: (text) => text !== "" && text.trim() === text,
};

const hostName = /^[a-z0-9_.-]+$/;

/** All names, or some, or all but some. */
export type Hosts = { readonly only: readonly string[] } | { readonly except: ReadonlySet<string> };

export const anyHost: Hosts = { except: new Set<string>() };

export const hosts = (limit: Hosts): Strings =>
  "only" in limit
    ? { familiar: limit.only, root: "", isPossible: (text) => limit.only.includes(text) }
    : {
        familiar: ["nobody.example.com", "somebody.example.org"],
        root: "",
        isPossible: (text) => hostName.test(text) && !limit.except.has(text),
      };
