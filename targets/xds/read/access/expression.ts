import { complement, everything, intersection, nothing, only, union, type RuleSet } from "./rule-set.ts";
import { below, entries, fields, items, number, text, unreadable, type Node, type Reading } from "../reading.ts";

/** A permission of Envoy's RBAC as alternatives of rules (Envoy, `config.rbac.v3.Permission`). */
export const permission = (node: Node, reading: Reading): RuleSet => {
  const [name, value] = onlyField(node, reading);
  switch (name) {
    case "any":
      return value.value === true ? everything : nothing;
    case "andRules":
      return intersection(rules(value, "rules", reading).map((one) => permission(one, reading)));
    case "orRules":
      return union(rules(value, "rules", reading).map((one) => permission(one, reading)));
    case "notRule":
      return negated(value, permission(value, reading), reading);
    case "destinationPort":
      return only({ ports: [number(value)] });
    case "header":
      return method(value, reading);
    case "urlPath":
      return path(value, reading);
    default:
      return unsaid(value, reading);
  }
};

/** A principal of Envoy's RBAC as alternatives of rules: who is authenticated has shown a certificate. */
export const principal = (node: Node, reading: Reading): RuleSet => {
  const [name, value] = onlyField(node, reading);
  switch (name) {
    case "any":
      return value.value === true ? everything : nothing;
    case "andIds":
      return intersection(rules(value, "ids", reading).map((one) => principal(one, reading)));
    case "orIds":
      return union(rules(value, "ids", reading).map((one) => principal(one, reading)));
    case "notId":
      return negated(value, principal(value, reading), reading);
    case "authenticated":
      return authenticated(value, reading);
    default:
      return unsaid(value, reading);
  }
};

const onlyField = (node: Node, reading: Reading): readonly [string, Node] => {
  const [first, ...others] = entries(node);
  for (const [, other] of others) unreadable(other, reading);
  return first ?? ["", node];
};

const rules = (node: Node, name: "rules" | "ids", reading: Reading): readonly Node[] =>
  items(fields(node, [name], reading)[name]);

const unsaid = (node: Node, reading: Reading): RuleSet => {
  unreadable(node, reading);
  return nothing;
};

const negated = (node: Node, set: RuleSet, reading: Reading): RuleSet => complement(set) ?? unsaid(node, reading);

const method = (node: Node, reading: Reading): RuleSet => {
  const { name, stringMatch } = fields(node, ["name", "stringMatch"], reading);
  const { exact } = fields(stringMatch, ["exact"], reading);
  return text(name) === ":method" && exact !== undefined ? only({ methods: [text(exact)] }) : unsaid(node, reading);
};

const path = (node: Node, reading: Reading): RuleSet => {
  const { path: matcher } = fields(node, ["path"], reading);
  const { exact, prefix, safeRegex } = fields(matcher, ["exact", "prefix", "safeRegex"], reading);
  if (exact !== undefined) return only({ paths: [{ kind: "exact", value: text(exact) }] });
  if (prefix !== undefined) return only({ paths: [{ kind: "prefix", value: text(prefix) }] });
  // A request has a path, so that anything but an empty one is any.
  return isAnyText(safeRegex, reading) ? everything : unsaid(node, reading);
};

const authenticated = (node: Node, reading: Reading): RuleSet => {
  const { principalName } = fields(node, ["principalName"], reading);
  if (principalName === undefined) return only({ from: "authenticated" });
  const { exact, prefix, safeRegex } = fields(principalName, ["exact", "prefix", "safeRegex"], reading);
  const id = text(exact ?? prefix);
  if (prefix !== undefined && "spiffe://".startsWith(id)) return only({ from: "authenticated" });
  // Prefixes that do not end at a segment speak of names that only begin alike: a mesh has none of them.
  if (id.startsWith("spiffe://") && (exact !== undefined || id.endsWith("/")))
    return only({ from: [{ kind: exact === undefined ? "prefix" : "exact", id }] });
  return isAnyText(safeRegex, reading) ? only({ from: "authenticated" }) : unsaid(principalName, reading);
};

/** Istio's spelling of `*` (`pkg/security/authz/matcher`, StringMatcher). */
const isAnyText = (safeRegex: Node | undefined, reading: Reading): boolean => {
  if (safeRegex === undefined) return false;
  const { regex } = fields(safeRegex, ["regex"], reading, { googleRe2: "the only engine that there is" });
  return text(regex) === ".+";
};

/** One policy: any of the permissions, by any of the principals. */
export const policyRules = (node: Node, reading: Reading): RuleSet => {
  const { permissions, principals } = fields(node, ["permissions", "principals"], reading);
  if (permissions === undefined || principals === undefined) return unsaid(below(node, "permissions"), reading);
  return intersection([
    union(items(permissions).map((one) => permission(one, reading))),
    union(items(principals).map((one) => principal(one, reading))),
  ]);
};
