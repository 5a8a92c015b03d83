import type { ExcludedHeader, HeaderMatch, StatedHeader } from "./route.ts";

/** Whether a condition says what there must be. */
export const isStated = (match: HeaderMatch): match is StatedHeader =>
  match.kind === "exact" || match.kind === "prefix" || match.kind === "present";

/** What there must not be. */
export const excludedBy = (match: ExcludedHeader): StatedHeader => {
  const { name } = match;
  switch (match.kind) {
    case "absent":
      return { name, kind: "present" };
    case "not-exact":
      return { name, kind: "exact", value: match.value };
    case "not-prefix":
      return { name, kind: "prefix", value: match.value };
  }
};

/** The condition that holds of a request where this one does not. */
export const excluding = (stated: StatedHeader): ExcludedHeader => {
  const { name } = stated;
  switch (stated.kind) {
    case "present":
      return { name, kind: "absent" };
    case "exact":
      return { name, kind: "not-exact", value: stated.value };
    case "prefix":
      return { name, kind: "not-prefix", value: stated.value };
  }
};

/** Whether every request of which one condition on a header holds is one of which the other does. */
export const implies = (one: HeaderMatch, other: HeaderMatch): boolean => {
  if (one.name !== other.name || isStated(one) !== isStated(other)) return false;
  if (!isStated(one)) return !isStated(other) && implies(excludedBy(other), excludedBy(one));
  if (!isStated(other)) return false;
  switch (other.kind) {
    case "present":
      return true;
    case "exact":
      return one.kind === "exact" && one.value === other.value;
    case "prefix":
      return one.kind !== "present" && one.value.startsWith(other.value);
  }
};

/**
 * Conditions without those that others of them make true, in one order; undefined where no request meets them all. No two
 * of one name may say what there must be.
 */
export const headerConditions = (all: readonly HeaderMatch[]): readonly HeaderMatch[] | undefined => {
  const isContradicted = all.some((one) => !isStated(one) && all.some((other) => implies(other, excludedBy(one))));
  if (isContradicted) return undefined;
  const distinct = inOrder(all);
  return distinct.filter((one) => !distinct.some((other) => other !== one && implies(other, one)));
};

/** Each once, by name. */
export const inOrder = (all: readonly HeaderMatch[]): readonly HeaderMatch[] =>
  [...new Map(all.map((one) => [keyOf(one), one])).entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, one]) => one);

const keyOf = (match: HeaderMatch): string => `${match.name}\0${match.kind}\0${"value" in match ? match.value : ""}`;
