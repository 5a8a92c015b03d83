import { includes, type AccessRule, type Authorization } from "../../../lib/model/authorization.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { PathMatch } from "../../../lib/model/route.ts";
import type { SpiffeId } from "../../../lib/model/selector.ts";
import type { Access, Diagram, DiagramNode, PathSet } from "../config.ts";
import { pathTree } from "./path-tree.ts";

/** Who may do what at a port of the workload, as `verdict` has it. */
export const access = (mesh: Mesh, workload: MeshWorkload, port: number): Access => {
  const all = lookup(mesh).authorizations(workload);
  const rules = (action: Authorization["action"]): readonly AccessRule[] =>
    all
      .filter((authorization) => authorization.action === action)
      .flatMap((authorization) => authorization.rules)
      .filter(({ ports }) => ports === "any" || ports.includes(port));
  return {
    deny: diagram(rules("deny")),
    // Somebody says who may, if only elsewhere: nobody else may.
    ...(all.some(({ action }) => action === "allow") && { allow: diagram(rules("allow")) }),
  };
};

/** Of what calls some rule holds, whatever the ports; equal for equal sets of calls that name the same callers. */
export const diagram = (rules: readonly Omit<AccessRule, "ports" | "origin">[]): Diagram => {
  const nodes = new Nodes();
  const of = (caller: (from: AccessRule["from"]) => boolean): number =>
    nodes.number(diagramNode(rules.filter(({ from }) => caller(from))));
  const named = (kind: "exact" | "prefix"): readonly SpiffeId[] => [
    ...new Set(
      rules.flatMap(({ from }) =>
        (Array.isArray(from) ? from : []).flatMap((one) => (one.kind === kind ? one.id : [])),
      ),
    ),
  ];
  const anonymous = of((from) => includes(from, undefined));
  const authenticated = of((from) => from === "anyone" || from === "authenticated");
  // Shorter ones first: what a longer one adds to is then known.
  const prefixes: [SpiffeId, number][] = [];
  const above = (id: SpiffeId): number => prefixes.findLast(([prefix]) => id.startsWith(prefix))?.[1] ?? authenticated;
  for (const prefix of [...named("prefix")].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))) {
    const number = of((from) => isOf(from, prefix));
    if (number !== above(prefix)) prefixes.push([prefix, number]);
  }
  const exact = [...named("exact")].sort().flatMap((id): readonly (readonly [SpiffeId, number])[] => {
    const number = of((from) => includes(from, id));
    return number === above(id) ? [] : [[id, number]];
  });
  const byName = ([a]: readonly [string, number], [b]: readonly [string, number]): number => (a < b ? -1 : 1);
  return {
    anonymous,
    authenticated,
    prefixes: Object.fromEntries(prefixes.sort(byName)),
    exact: Object.fromEntries(exact),
    nodes: nodes.all(),
  };
};

/** Whether everybody whose id begins so is one of them. */
const isOf = (from: AccessRule["from"], prefix: SpiffeId): boolean =>
  from === "anyone" ||
  from === "authenticated" ||
  from.some((one) => one.kind === "prefix" && prefix.startsWith(one.id));

/** Each node once, by what it says. */
class Nodes {
  readonly #numbers = new Map<string, number>();
  readonly #nodes: DiagramNode[] = [];

  number(node: DiagramNode): number {
    const form = JSON.stringify(node);
    const known = this.#numbers.get(form);
    if (known !== undefined) return known;
    this.#numbers.set(form, this.#nodes.length);
    return this.#nodes.push(node) - 1;
  }

  all(): readonly DiagramNode[] {
    return this.#nodes;
  }
}

type Asked = Pick<AccessRule, "methods" | "paths">;

const diagramNode = (rules: readonly Asked[]): DiagramNode => {
  const otherMethods = pathSet(rules.filter(({ methods }) => methods === "any"));
  const named = new Set(rules.flatMap(({ methods }) => (methods === "any" ? [] : methods)));
  const methods = [...named].sort().flatMap((method): readonly (readonly [string, PathSet])[] => {
    const set = pathSet(rules.filter((rule) => rule.methods === "any" || rule.methods.includes(method)));
    return JSON.stringify(set) === JSON.stringify(otherMethods) ? [] : [[method, set]];
  });
  return {
    // Anything that is said of requests never holds of bytes.
    connection: rules.some((rule) => rule.methods === "any" && rule.paths === "any"),
    otherMethods,
    methods: Object.fromEntries(methods),
  };
};

const pathSet = (rules: readonly Asked[]): PathSet => {
  const paths = rules.flatMap((rule): readonly PathMatch[] => (rule.paths === "any" ? [{ kind: "any" }] : rule.paths));
  const tree = pathTree<true, true>(
    paths.map((path) => ({ path, value: true })),
    (holding) => (holding.length > 0 ? [true] : []),
  );
  return tree.exact === undefined && tree.next === undefined ? tree.under.length > 0 : tree;
};
