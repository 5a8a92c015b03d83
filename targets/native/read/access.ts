import type { AccessRule, Authorization, Principals } from "../../../lib/model/authorization.ts";
import type { MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Access, Diagram, DiagramNode, PathSet } from "../config.ts";
import { diagram } from "../emit/access.ts";
import type { Rules } from "./proxy.ts";
import { below, formOf, originOf, settled, type Place, type Reading } from "./reading.ts";
import { introduced } from "./routes.ts";

/** What is said of arrivals on one port of a workload. */
export const rulesOf = ({ deny, allow }: Access, port: number, place: Place, reading: Reading): Rules => ({
  deny: rulesOfDiagram(deny, port, below(place, "deny"), reading),
  allow: allow && rulesOfDiagram(allow, port, below(place, "allow"), reading),
});

/** What is said of each port, as if it were said once. */
export const together = (all: readonly (readonly [port: number, rules: Rules])[], { object }: Place): Rules => {
  const everything = (port: number): AccessRule => ({
    from: "anyone",
    ports: [port],
    methods: "any",
    paths: "any",
    origin: { module: object, path: [] },
  });
  return {
    deny: all.flatMap(([, { deny }]) => deny),
    allow: all.some(([, { allow }]) => allow !== undefined)
      ? all.flatMap(([port, { allow }]) => allow ?? [everything(port)])
      : undefined,
  };
};

/**
 * Rules can add callers, never take one away again: reports a diagram in which somebody who is named may less than who is
 * not, which no rules say.
 */
const rulesOfDiagram = (told: Diagram, port: number, place: Place, reading: Reading): readonly AccessRule[] => {
  const principals = (kind: "exact" | "prefix", named: Readonly<Record<string, number>>) =>
    Object.entries(named).map(([id, node]): readonly [Principals, number] => [[{ kind, id }], node]);
  const callers: readonly (readonly [Principals, number])[] = [
    ["anyone", told.anonymous],
    ["authenticated", told.authenticated],
    ...principals("prefix", told.prefixes),
    ...principals("exact", told.exact),
  ];
  const rules = callers.flatMap(([from, number]) => {
    const node = told.nodes[number];
    if (node === undefined) return [];
    return asked(node).map((what): AccessRule => ({ from, ports: [port], ...what, origin: originOf(place) }));
  });
  settled(form(diagram(rules)) === form(told), place, reading);
  return rules;
};

type Asked = Pick<AccessRule, "methods" | "paths">;

const asked = ({ connection, otherMethods, methods }: DiagramNode): readonly Asked[] => [
  ...(connection ? [{ methods: "any", paths: "any" } as const] : []),
  ...paths(otherMethods).map((of): Asked => ({ methods: "any", paths: of })),
  ...Object.entries(methods).flatMap(([method, set]) =>
    paths(set).map((of): Asked => ({ methods: [method], paths: of })),
  ),
];

/** None where nothing is in the set: a list of a rule is never empty. */
const paths = (set: PathSet): readonly AccessRule["paths"][] => {
  if (typeof set === "boolean") return set ? [[{ kind: "any" }]] : [];
  const found = introduced(set, []).map(({ path }) => path);
  return found.length === 0 ? [] : [found];
};

/** Nodes by what they say: their numbers are nobody's. */
const form = ({ anonymous, authenticated, prefixes, exact, nodes }: Diagram): string => {
  const said = (number: number): string => formOf(nodes[number]);
  const each = (named: Readonly<Record<string, number>>): readonly unknown[] =>
    Object.entries(named)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, number]) => [id, said(number)]);
  return JSON.stringify([said(anonymous), said(authenticated), each(prefixes), each(exact)]);
};

/** As a mesh holds it. */
export const authorizations = (
  { deny, allow }: Rules,
  { id, namespace, labels }: MeshWorkload,
  place: Place,
): readonly Authorization[] => {
  const of = (action: Authorization["action"], rules: readonly AccessRule[]): Authorization => ({
    selector: { kind: "workloads", namespace, labels, workloads: [id], name: id },
    action,
    rules,
    origin: originOf(place),
  });
  return [...(deny.length > 0 ? [of("deny", deny)] : []), ...(allow === undefined ? [] : [of("allow", allow)])];
};
