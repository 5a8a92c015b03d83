import type { AccessRule, Authorization, Principal } from "../../../lib/model/authorization.ts";
import { ruleSet } from "../../../lib/requests/conditions.ts";
import { Space } from "../../../lib/requests/space.ts";
import { isSubset } from "../../../lib/requests/subset.ts";
import { law, lawOfEach } from "../law.ts";

/** A grant or a refusal that others of its policy already say is a leftover, or was meant to say something else. */
export const grantAddsSomething = lawOfEach(
  "MESH3015",
  "authorizations",
  ["platform"],
  ({ rules, action }, { platform }, report) => {
    const space = new Space(platform.pathNormalization);
    const dead = new Set<AccessRule>();
    // From the last: of two that say the same, the later one is the leftover.
    for (const rule of [...rules].reverse()) {
      const others = rules.filter((other) => other !== rule && !dead.has(other));
      if (!isSaidBy(rule, others, space)) continue;
      dead.add(rule);
      const saying = others.filter((other) => principalsOf(rule).some((one) => hasAll(other.from, one)));
      report(
        rule.origin,
        { action },
        saying.map(({ origin }) => ({ message: "this one says it", place: { origin } })),
      );
    }
  },
);

/** What is refused whole need not be granted: a DENY is asked first. */
export const grantIsNotRefused = law(
  "MESH3016",
  ["platform", "authorizations"],
  ({ platform, authorizations }, report) => {
    const space = new Space(platform.pathNormalization);
    const denials = new Map<string, Authorization[]>();
    for (const authorization of authorizations) {
      if (authorization.action !== "deny") continue;
      const key = JSON.stringify(authorization.selector);
      denials.set(key, [...(denials.get(key) ?? []), authorization]);
    }
    for (const { selector, action, rules } of authorizations) {
      const refusals = denials.get(JSON.stringify(selector))?.flatMap((denial) => denial.rules) ?? [];
      if (action !== "allow" || refusals.length === 0) continue;
      for (const rule of rules)
        if (isSaidBy(rule, refusals, space))
          report(
            rule.origin,
            {},
            refusals.map(({ origin }) => ({ message: "this one refuses it", place: { origin } })),
          );
    }
  },
);

/** Whether everything that a rule is about, others are about: for each of its callers, on each of its ports. */
const isSaidBy = (rule: AccessRule, others: readonly AccessRule[], space: Space): boolean => {
  const { diagrams } = space;
  const set = ruleSet(rule, diagrams);
  const ports = rule.ports === "any" ? [undefined] : rule.ports;
  return (
    others.length > 0 &&
    principalsOf(rule).every((principal) =>
      ports.every((port) => {
        const applying = others.filter(
          (other) =>
            hasAll(other.from, principal) &&
            (other.ports === "any" || (port !== undefined && other.ports.includes(port))),
        );
        return (
          applying.length > 0 &&
          isSubset(set, diagrams.or(...applying.map((other) => ruleSet(other, diagrams))), space) === true
        );
      }),
    )
  );
};

const principalsOf = ({ from }: AccessRule): readonly ("anyone" | "authenticated" | Principal)[] =>
  from === "anyone" || from === "authenticated" ? [from] : from;

/**
 * Whether all whom a principal stands for are among others. A caller named alone counts only as named: a grant by name
 * also says that the caller will call, which the grant to its whole namespace does not.
 */
const hasAll = (from: AccessRule["from"], principal: "anyone" | "authenticated" | Principal): boolean => {
  if (principal === "anyone") return from === "anyone";
  if (principal === "authenticated") return from === "anyone" || from === "authenticated";
  if (principal.kind === "exact")
    return Array.isArray(from) && from.some(({ kind, id }: Principal) => kind === "exact" && id === principal.id);
  return (
    from === "anyone" ||
    from === "authenticated" ||
    from.some(({ kind, id }) => kind === "prefix" && principal.id.startsWith(id))
  );
};
