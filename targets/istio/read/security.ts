import type { AccessRule, Authorization, Principal, Principals } from "../../../lib/model/authorization.ts";
import type { MtlsRule } from "../../../lib/model/mesh.ts";
import type { PathMatch } from "../../../lib/model/route.ts";
import type { KubernetesObject } from "../object.ts";
import { fields, items, originOf, spec, text, unreadable, type Node, type Reading } from "./reading.ts";
import { selectorOf } from "./selector.ts";

const modes: Readonly<Record<string, MtlsRule["mode"]>> = {
  STRICT: "strict",
  PERMISSIVE: "permissive",
  DISABLE: "disabled",
};

export const mtlsRule = (object: KubernetesObject, reading: Reading): readonly MtlsRule[] => {
  const { selector, mtls } = fields(spec(object), ["selector", "mtls"], reading);
  const { matchLabels } = fields(selector, ["matchLabels"], reading);
  const { mode } = fields(mtls, ["mode"], reading);
  const read = modes[text(mode)];
  // UNSET inherits, so it says nothing.
  return read === undefined
    ? []
    : [{ selector: selectorOf(object, matchLabels, reading), mode: read, origin: originOf(object) }];
};

export const authorization = (object: KubernetesObject, reading: Reading): readonly Authorization[] => {
  const { selector, action, rules } = fields(spec(object), ["selector", "action", "rules"], reading);
  const { matchLabels } = fields(selector, ["matchLabels"], reading);
  const said = action === undefined ? "ALLOW" : text(action);
  if (said !== "ALLOW" && said !== "DENY") {
    unreadable(action as Node, reading);
    return [];
  }
  return [
    {
      selector: selectorOf(object, matchLabels, reading),
      action: said === "ALLOW" ? "allow" : "deny",
      rules: items(rules).flatMap((rule) => accessRules(rule, reading)),
      origin: originOf(object),
    },
  ];
};

/** Every source with every operation: lists of either are alternatives. */
const accessRules = (rule: Node, reading: Reading): readonly AccessRule[] => {
  const { from, to } = fields(rule, ["from", "to"], reading);
  const sources = items(from).length === 0 ? [undefined] : items(from);
  const operations = items(to).length === 0 ? [undefined] : items(to);
  return sources.flatMap((source) => operations.map((operation) => accessRule(source, operation, rule, reading)));
};

const accessRule = (
  source: Node | undefined,
  operation: Node | undefined,
  rule: Node,
  reading: Reading,
): AccessRule => {
  const { source: who } = fields(source, ["source"], reading);
  const { principals } = fields(who, ["principals"], reading);
  const { operation: what } = fields(operation, ["operation"], reading);
  const { ports, methods, paths } = fields(what, ["ports", "methods", "paths"], reading);
  return {
    from: principalsOf(principals, reading),
    ports: anyOf(ports, (each) => each.map((port) => Number(text(port))).sort((a, b) => a - b)),
    methods: anyOf(methods, (each) => each.map(text).sort()),
    paths: anyOf(paths, (each) => each.map((path) => pathMatch(path, reading))),
    origin: originOf(rule.object),
  };
};

/** Istio drops a condition without values, so that an empty list holds of everything (`authz/model`, `rule.permission`). */
const anyOf = <T>(node: Node | undefined, stated: (items: readonly Node[]) => readonly T[]): "any" | readonly T[] => {
  const written = items(node);
  return written.length === 0 ? "any" : stated(written);
};

const principalsOf = (node: Node | undefined, reading: Reading): Principals => {
  const written = items(node);
  if (written.length === 0) return "anyone";
  if (written.some((item) => text(item) === "*")) return "authenticated";
  const read = written.map((item): Principal => {
    const id = text(item);
    if (id.startsWith("*")) unreadable(item, reading);
    return id.endsWith("*")
      ? { kind: "prefix", id: `spiffe://${id.slice(0, -1)}` }
      : { kind: "exact", id: `spiffe://${id}` };
  });
  return read.sort((a, b) => (a.id < b.id ? -1 : 1));
};

const pathMatch = (node: Node, reading: Reading): PathMatch => {
  const written = text(node);
  if (written === "*") return { kind: "any" };
  if (written.startsWith("*") || /[{}]/.test(written)) unreadable(node, reading);
  return written.endsWith("*") ? { kind: "prefix", value: written.slice(0, -1) } : { kind: "exact", value: written };
};
