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
  readonly isPossible: (text: string) => boolean;
}

/** What may stand where a pattern leaves off. */
const fillings = ["x", "y", "z", "0", "1", "2", ..."abcdefghijklmnopqrstuvw", ..."3456789"];
/** A prefix can end within an escape. */
const endings = ["", ...fillings, "20", "A"];

/**
 * The regions into which prefixes (or suffixes) part all possible strings. Every region has one of the candidates in it:
 * what a pattern names, or that and a filling with which no deeper pattern goes on.
 */
export const stringRegions = <P extends Pattern>(
  patterns: readonly P[],
  { familiar, isPossible }: Strings,
): readonly Region<P>[] => {
  const regions = new Map<string, Region<P>>();
  const add = (sample: string): void => {
    if (!isPossible(sample)) return;
    const holds = patterns.map((pattern) => accepts(pattern, sample));
    const key = holds.map(Number).join("");
    if (!regions.has(key)) regions.set(key, { holds: new Set(patterns.filter((_, index) => holds[index])), sample });
  };
  familiar.forEach(add);
  for (const { kind, value } of patterns) {
    for (const ending of kind === "exact" ? [""] : endings) {
      const candidate = kind === "suffix" ? `${ending}${value}` : `${value}${ending}`;
      add(candidate);
      // Two letters dodge patterns that go on with every single one.
      if (ending !== "") add(kind === "suffix" ? `${ending}x${value}` : `${candidate}x`);
    }
  }
  return [...regions.values()];
};

export const methods: Strings = {
  familiar: ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "REPORT", "X"],
  isPossible: (text) => text !== "",
};

/**
 * Paths as they leave a proxy: those that normalising them again leaves as they are. What a proxy is sent otherwise means
 * what its normal form means.
 */
export const paths = (normalization: PathNormalization): Strings => ({
  familiar: ["/", ...fillings.map((filling) => `/${filling}`), "/xx"],
  isPossible: (text) => /^\/[^?#\s]*$/.test(text) && normalizedTarget(text, normalization) === text,
});

export const headerLines: Strings = {
  familiar: ["x", ...fillings, "xx"],
  isPossible: (text) => text !== "" && text.trim() === text,
};

const hostName = /^[a-z0-9_.-]+$/;

/** All names, or some, or all but some. */
export type Hosts = { readonly only: readonly string[] } | { readonly except: ReadonlySet<string> };

export const anyHost: Hosts = { except: new Set<string>() };

export const hosts = (limit: Hosts): Strings =>
  "only" in limit
    ? { familiar: limit.only, isPossible: (text) => limit.only.includes(text) }
    : {
        familiar: ["nobody.example.com", ...fillings.map((filling) => `${filling}.example.com`)],
        isPossible: (text) => hostName.test(text) && !limit.except.has(text),
      };
