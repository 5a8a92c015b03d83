import { isDeepStrictEqual } from "node:util";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import type { Plain } from "../../targets/istio/yaml.ts";
import { importing, importsOf } from "./scope-hosts.ts";

type Spec = KubernetesObject["spec"];

/**
 * An object that has what both have: subsets of both, hosts of both, rules of both. Where they disagree on one thing, it says
 * what the new one says. Undefined where there is no such object.
 */
export const widened = (before: KubernetesObject, after: KubernetesObject): KubernetesObject | undefined => {
  const widen = wideners[after.kind];
  const spec = widen?.(before.spec, after.spec);
  return spec === undefined ? undefined : { ...after, spec };
};

const wideners: { readonly [kind: string]: (before: Spec, after: Spec) => Spec | undefined } = {
  DestinationRule: (before, after) =>
    before["host"] !== after["host"] ? undefined : withBoth(before, after, "subsets", "name"),
  ServiceEntry: (before, after) =>
    isDeepStrictEqual(before["hosts"], after["hosts"]) ? withBoth(before, after, "ports", "number") : undefined,
  Gateway: (before, after) => {
    if (!isDeepStrictEqual(before["selector"], after["selector"])) return undefined;
    const old = listOf(before["servers"]);
    const servers = listOf(after["servers"]).map((server) => {
      const same = old.find((one) => numberOf(one) === numberOf(server));
      return same === undefined ? server : { ...server, hosts: union(listOf(same["hosts"]), listOf(server["hosts"])) };
    });
    const gone = old.filter((one) => !servers.some((server) => numberOf(server) === numberOf(one)));
    return { ...after, servers: [...servers, ...gone] as unknown as Plain };
  },
  Sidecar: (before, after) => {
    if (!isDeepStrictEqual(before["workloadSelector"], after["workloadSelector"])) return undefined;
    const imports = new Set([after, before].flatMap((spec) => importsOf({ spec })));
    return importing({ spec: after }, [...imports]).spec;
  },
  AuthorizationPolicy: (before, after) => {
    const same = ["selector", "action"].every((field) => isDeepStrictEqual(before[field], after[field]));
    if (!same) return undefined;
    const rules = union(listOf(before["rules"]), listOf(after["rules"]));
    const { rules: _, ...rest } = after;
    return rules.length === 0 ? rest : { ...rest, rules: rules as unknown as Plain };
  },
};

type Item = Readonly<Record<string, unknown>>;

const listOf = (value: unknown): readonly Item[] => (value ?? []) as readonly Item[];
const numberOf = (server: Item): unknown => (server["port"] as Item)["number"];

/** Without what both have. */
const union = (a: readonly Item[], b: readonly Item[]): readonly Item[] =>
  [...a, ...b].filter((item, index, all) => all.findIndex((other) => isDeepStrictEqual(other, item)) === index);

const withBoth = (before: Spec, after: Spec, list: string, key: string): Spec => {
  const [old, next] = [listOf(before[list]), listOf(after[list])];
  const gone = old.filter((one) => !next.some((other) => other[key] === one[key]));
  return gone.length === 0 ? after : { ...after, [list]: [...next, ...gone] as unknown as Plain };
};
