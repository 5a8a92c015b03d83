import type { AccessRule, Principal, Principals } from "../../../../lib/model/authorization.ts";
import type { PathMatch } from "../../../../lib/model/route.ts";

/** One alternative of a boolean expression over requests and callers: all four must hold. */
export type Alternative = Omit<AccessRule, "origin">;

/**
 * What a boolean expression holds of, as alternatives; none: of nothing. "And" and "or" of what rules can say are rules
 * again; a negation is not, but for those of everything and nothing.
 */
export type RuleSet = readonly Alternative[];

export const everything: RuleSet = [{ from: "anyone", ports: "any", methods: "any", paths: "any" }];
export const nothing: RuleSet = [];

export const only = (condition: Partial<Alternative>): RuleSet => [{ ...everything[0]!, ...condition }];

export const union = (sets: readonly RuleSet[]): RuleSet => sets.flat().reduce<RuleSet>(joined, nothing);

export const intersection = (sets: readonly RuleSet[]): RuleSet =>
  sets.reduce((left, right) => union(left.map((a) => right.flatMap((b) => common(a, b)))), everything);

/** `undefined`: a negation that no rule can say. */
export const complement = (set: RuleSet): RuleSet | undefined => {
  if (set.length === 0) return everything;
  return set.some((one) => canonical(one) === canonical(everything[0]!)) ? nothing : undefined;
};

/** Of which arrivals a set is asked: those on one port, or those on any but these. */
export type AskedPorts = number | { readonly not: readonly number[] };

/** What is left of it where the port is known: of one port, nothing is said of ports. */
export const atPort = (set: RuleSet, asked: AskedPorts): RuleSet =>
  set.flatMap((one): RuleSet => {
    if (one.ports === "any") return [one];
    if (typeof asked === "number") return one.ports.includes(asked) ? [{ ...one, ports: "any" }] : [];
    const left = one.ports.filter((port) => !asked.not.includes(port));
    return left.length === 0 ? [] : [{ ...one, ports: left }];
  });

/** What of it can hold of a connection. */
export const ofConnections = (set: RuleSet): RuleSet =>
  set.filter(({ methods, paths }) => methods === "any" && paths === "any");

/** Equal for sets that are written alike but for order and repetition. */
export const formOf = (set: RuleSet): string => JSON.stringify([...new Set(set.map(canonical))].sort());

const canonical = ({ from, ports, methods, paths }: Alternative): string =>
  JSON.stringify(
    [from, ports, methods, paths].map((side) => (Array.isArray(side) ? sorted(side as readonly unknown[]) : side)),
  );

const sorted = (values: readonly unknown[]): readonly unknown[] =>
  [...new Map(values.map((value) => [JSON.stringify(value), value])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, value]) => value);

/** Two alternatives that differ in one respect are one. */
const joined = (set: RuleSet, one: Alternative): RuleSet => {
  for (const [index, known] of set.entries()) {
    const different = respects.filter((respect) => !isAlike(known[respect], one[respect]));
    const [respect, ...others] = different;
    if (respect === undefined) return set;
    if (others.length === 0) return set.with(index, { ...known, [respect]: eitherOf(known[respect], one[respect]) });
  }
  return [...set, one];
};

const respects = ["from", "ports", "methods", "paths"] as const;
type Side = Alternative[(typeof respects)[number]];

const isAlike = (a: Side, b: Side): boolean =>
  JSON.stringify(Array.isArray(a) ? sorted(a) : a) === JSON.stringify(Array.isArray(b) ? sorted(b) : b);

const eitherOf = (a: Side, b: Side): Side => {
  for (const wide of ["any", "anyone", "authenticated"] as const) if (a === wide || b === wide) return wide;
  return sorted([...(a as readonly unknown[]), ...(b as readonly unknown[])]) as Side;
};

const common = (a: Alternative, b: Alternative): RuleSet => {
  const from = commonPrincipals(a.from, b.from);
  const ports = commonOf(a.ports, b.ports, same<number>).sort((x, y) => x - y);
  const methods = commonOf(a.methods, b.methods, same<string>).sort();
  const paths = commonOf(a.paths, b.paths, commonPath);
  const one = {
    from,
    ports: isAny(a.ports, b.ports) ? "any" : ports,
    methods: isAny(a.methods, b.methods) ? "any" : methods,
    paths: isAny(a.paths, b.paths) ? "any" : paths,
  } as const;
  return Object.values(one).some((side) => Array.isArray(side) && side.length === 0) ? nothing : [one];
};

const isAny = (a: unknown, b: unknown): boolean => a === "any" && b === "any";

const same = <T>(a: T, b: T): readonly T[] => (a === b ? [a] : []);

const commonOf = <T>(a: "any" | readonly T[], b: "any" | readonly T[], both: (a: T, b: T) => readonly T[]): T[] => {
  if (a === "any") return b === "any" ? [] : [...b];
  return b === "any" ? [...a] : a.flatMap((one) => b.flatMap((other) => both(one, other)));
};

const commonPrincipals = (a: Principals, b: Principals): Principals => {
  if (a === "anyone") return b;
  if (b === "anyone") return a;
  if (a === "authenticated") return b;
  if (b === "authenticated") return a;
  return a.flatMap((one) =>
    b.flatMap((other): readonly Principal[] =>
      commonString({ ...one, value: one.id }, { ...other, value: other.id }).map(({ kind, value }) => ({
        kind,
        id: value,
      })),
    ),
  );
};

const commonPath = (a: PathMatch, b: PathMatch): readonly PathMatch[] => {
  if (a.kind === "any") return [b];
  return b.kind === "any" ? [a] : commonString(a, b);
};

interface Text {
  readonly kind: "exact" | "prefix";
  readonly value: string;
}

const commonString = (a: Text, b: Text): readonly Text[] => {
  const [long, short] = a.value.length >= b.value.length ? [a, b] : [b, a];
  if (short.kind === "prefix") return long.value.startsWith(short.value) ? [plain(long)] : [];
  if (a.value !== b.value) return [];
  return [{ kind: "exact", value: short.value }];
};

const plain = ({ kind, value }: Text): Text => ({ kind, value });
