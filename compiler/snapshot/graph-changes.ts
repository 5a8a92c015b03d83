import { idOf } from "../../lib/graph/graph.ts";
import type { Snapshot } from "./graph-files.ts";

type Named = { readonly namespace: string; readonly name: string };

/** What one graph says otherwise than another, in a few words each; where a manifest lies is not what it says. */
export const graphChanges = (old: Snapshot, now: Snapshot): readonly string[] => [
  ...changed("service", old.graph.services, now.graph.services),
  ...changed("workload", old.graph.workloads, now.graph.workloads),
  ...changed("namespace", old.graph.namespaces.map(asNamed), now.graph.namespaces.map(asNamed)),
  ...(same(old.platform, now.platform) ? [] : ["the platform is changed"]),
  ...(same(old.options, now.options) ? [] : ["it was made with other options"]),
];

const asNamed = <T extends { readonly name: string }>(namespace: T): T & Named => ({ ...namespace, namespace: "" });

const changed = (kind: string, old: readonly Named[], now: readonly Named[]): readonly string[] => {
  const before = new Map(old.map((each) => [idOf(each), each]));
  const after = new Map(now.map((each) => [idOf(each), each]));
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((id) => {
    const [was, is] = [before.get(id), after.get(id)];
    const name = `${kind} ${id.replace(/^\//, "")}`;
    if (was === undefined) return [`${name} is new`];
    if (is === undefined) return [`${name} is gone`];
    return same(was, is) ? [] : [`${name} is changed`];
  });
};

const same = (a: object, b: object): boolean =>
  JSON.stringify({ ...a, source: "" }) === JSON.stringify({ ...b, source: "" });
