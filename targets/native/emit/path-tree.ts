import { holdsOfPath } from "../../../lib/model/matching.ts";
import type { PathMatch } from "../../../lib/model/route.ts";
import type { PathTree } from "../config.ts";

/** Something that holds of the paths that a match takes. */
interface AtPath<Value> {
  readonly path: PathMatch;
  readonly value: Value;
}

/**
 * A tree without a node that could be spared, so that equal meanings have equal trees. `leaves` makes of all that holds at a
 * path, in order, what there is to know.
 */
export const pathTree = <Value, Leaf>(
  all: readonly AtPath<Value>[],
  leaves: (holding: readonly Value[]) => readonly Leaf[],
): PathTree<Leaf> => {
  const values = new Set(all.flatMap(({ path }) => (path.kind === "any" ? [] : [path.value])));
  values.delete("");
  return node("", all, [...values].sort(), leaves);
};

const node = <Value, Leaf>(
  at: string,
  /** What may hold at this path or below it. */
  near: readonly AtPath<Value>[],
  /** The paths below it at which something else begins to hold, sorted. */
  further: readonly string[],
  leaves: (holding: readonly Value[]) => readonly Leaf[],
): PathTree<Leaf> => {
  const here = near.filter(({ path }) => holdsOfPath(path, at));
  const under = leaves(here.flatMap(({ path, value }) => (path.kind === "exact" ? [] : [value])));
  const exact = leaves(here.map(({ value }) => value));
  const next = grouped(further, at.length).flatMap((group): readonly (readonly [string, PathTree<Leaf>])[] => {
    const path = commonBeginning(group);
    const inside = near.filter((one) => one.path.kind === "any" || fits(one.path.value, path));
    const deeper = group.filter((value) => value !== path);
    return withoutSpare(path.slice(at.length), node(path, inside, deeper, leaves), under);
  });
  return {
    under,
    ...(!isSame(exact, under) && { exact }),
    ...(next.length > 0 && { next: Object.fromEntries(next) }),
  };
};

/** Whether one of them begins the other. */
const fits = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a);

/** A child that says nothing else than its parent is none, or its only child with a longer way to it. */
const withoutSpare = <Leaf>(
  edge: string,
  child: PathTree<Leaf>,
  above: readonly Leaf[],
): readonly (readonly [string, PathTree<Leaf>])[] => {
  if (child.exact !== undefined || !isSame(child.under, above)) return [[edge, child]];
  const [only, ...others] = Object.entries(child.next ?? {});
  if (only === undefined) return [];
  return others.length === 0 ? [[`${edge}${only[0]}`, only[1]]] : [[edge, child]];
};

/** By the character that follows; the values begin alike up to there. */
const grouped = (values: readonly string[], from: number): readonly (readonly string[])[] => [
  ...Map.groupBy(values, (value) => value.charAt(from)).values(),
];

/** Of sorted values: what the first and the last have in common, all have. */
const commonBeginning = (sorted: readonly string[]): string => {
  const [first = "", last = ""] = [sorted[0], sorted.at(-1)];
  let length = 0;
  while (length < first.length && first.charAt(length) === last.charAt(length)) length += 1;
  return first.slice(0, length);
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
