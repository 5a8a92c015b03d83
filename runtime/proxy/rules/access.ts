import type { Access, Diagram, PathSet } from "../../../targets/native/config.ts";
import { leavesAt, walkedTree, type WalkedTree } from "./path-tree.ts";

/** What arrives at a port, as far as access depends on it. */
export interface Arrival {
  /** Undefined: no identity was proven. */
  readonly caller: string | undefined;
  /** Absent for bytes that are not HTTP. */
  readonly request?: { readonly method: string; readonly path: string };
}

export type Verdict = "allowed" | "denied" | "not-allowed";

export type AccessRules = (arrival: Arrival) => Verdict;

export const accessRules = ({ deny, allow }: Access): AccessRules => {
  const [denied, allowed] = [diagram(deny), allow && diagram(allow)];
  return (arrival) => {
    if (denied(arrival)) return "denied";
    return allowed === undefined || allowed(arrival) ? "allowed" : "not-allowed";
  };
};

type Paths = boolean | WalkedTree<true>;

interface Node {
  readonly connection: boolean;
  readonly otherMethods: Paths;
  readonly methods: ReadonlyMap<string, Paths>;
}

const diagram = ({ anonymous, authenticated, prefixes, exact, nodes }: Diagram): ((arrival: Arrival) => boolean) => {
  const made = nodes.map(({ connection, otherMethods, methods }): Node => ({
    connection,
    otherMethods: paths(otherMethods),
    methods: new Map(Object.entries(methods).map(([method, set]) => [method, paths(set)])),
  }));
  const nodeAt = (index: number): Node => {
    const node = made[index];
    if (node === undefined) throw new RangeError(`the diagram has no node ${index}`);
    return node;
  };
  const byName = new Map(Object.entries(exact).map(([id, index]) => [id, nodeAt(index)]));
  const byPrefix = Object.entries(prefixes)
    .sort(([a], [b]) => b.length - a.length)
    .map(([prefix, index]) => [prefix, nodeAt(index)] as const);
  const [nobody, anybody] = [nodeAt(anonymous), nodeAt(authenticated)];
  const nodeOf = (caller: string | undefined): Node => {
    if (caller === undefined) return nobody;
    const known = byName.get(caller);
    if (known !== undefined) return known;
    for (const [prefix, node] of byPrefix) if (caller.startsWith(prefix)) return node;
    return anybody;
  };
  return ({ caller, request }) => {
    const node = nodeOf(caller);
    if (request === undefined) return node.connection;
    const set = node.methods.get(request.method) ?? node.otherMethods;
    return typeof set === "boolean" ? set : leavesAt(set, request.path).length > 0;
  };
};

const paths = (set: PathSet): Paths => (typeof set === "boolean" ? set : walkedTree(set, (leaf) => leaf));
