import type { Authorization } from "../../../../lib/model/authorization.ts";
import type { MeshWorkload } from "../../../../lib/model/mesh.ts";
import { entries, fields, originOf, settled, type Node, type Reading } from "../reading.ts";
import { policyRules } from "./expression.ts";
import {
  atPort,
  everything,
  formOf,
  intersection,
  nothing,
  ofConnections,
  type AskedPorts,
  type RuleSet,
} from "./rule-set.ts";

/** What the authorization filters of one chain say together; no `allow`: everybody may. */
export interface ChainRules {
  readonly deny: RuleSet;
  readonly allow: RuleSet | undefined;
}

export const noRules: ChainRules = { deny: nothing, allow: undefined };

const harmless = {
  shadowRules: "watched, not acted on",
  shadowRulesStatPrefix: "a name in statistics",
  statPrefix: "a name in statistics",
};

/** The filters of one chain, in any order: whoever is denied by one, or not allowed by another, does not get through. */
export const chainRules = (filters: readonly Node[], reading: Reading): ChainRules =>
  filters.reduce<ChainRules>((all, filter) => {
    const { rules } = fields(filter, ["rules"], reading, harmless);
    // Without rules a filter lets everything through.
    if (rules === undefined) return all;
    const { action, policies } = fields(rules, ["action", "policies"], reading);
    settled(rules, { action }, { action: [undefined, "ALLOW", "DENY"] }, reading);
    // Maps have no order, and dumps make one up.
    const read = [...entries(policies)]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, policy]) => policyRules(policy, reading));
    return action?.value === "DENY"
      ? { ...all, deny: [...all.deny, ...read] }
      : { ...all, allow: all.allow === undefined ? read : intersection([all.allow, read]) };
  }, noRules);

const asked = ({ deny, allow }: ChainRules, what: (set: RuleSet) => RuleSet): ChainRules => ({
  deny: what(deny),
  allow: allow === undefined ? undefined : what(allow),
});

const formOfChain = ({ deny, allow }: ChainRules): string =>
  JSON.stringify([formOf(deny), allow === undefined ? "anyone" : formOf(allow)]);

/** Whether a chain says of what it is asked what another one says in full. */
export const saysAlike = (
  chain: { readonly rules: ChainRules; readonly reads: "http" | "connection" },
  full: ChainRules,
  ports: AskedPorts,
): boolean => {
  const at = (rules: ChainRules): ChainRules =>
    asked(rules, (set) => (chain.reads === "connection" ? ofConnections(atPort(set, ports)) : atPort(set, ports)));
  return formOfChain(at(chain.rules)) === formOfChain(at(full));
};

/** What is said of arrivals on some ports of a workload, each by a chain of its own, as if it were said once. */
export const rulesByPort = (
  chains: readonly { readonly port: number; readonly dialled: number; readonly rules: ChainRules }[],
): ChainRules => {
  const isAllowing = chains.some(({ rules }) => rules.allow !== undefined);
  const ofPort = (port: number, dialled: number, set: RuleSet): RuleSet =>
    atPort(set, dialled).map((one) => ({ ...one, ports: [port] }));
  return {
    deny: chains.flatMap(({ port, dialled, rules }) => ofPort(port, dialled, rules.deny)),
    allow: isAllowing
      ? chains.flatMap(({ port, dialled, rules }) => ofPort(port, dialled, rules.allow ?? everything))
      : undefined,
  };
};

/** As a mesh holds it. */
export const authorizations = (
  { deny, allow }: ChainRules,
  { id, namespace, labels }: MeshWorkload,
  node: Node,
): readonly Authorization[] => {
  const origin = originOf(node);
  const selector = { kind: "workloads", namespace, labels, workloads: [id], name: id } as const;
  const of = (action: Authorization["action"], set: RuleSet): Authorization => ({
    selector,
    action,
    rules: set.map((one) => ({ ...one, origin })),
    origin,
  });
  return [...(deny.length > 0 ? [of("deny", deny)] : []), ...(allow === undefined ? [] : [of("allow", allow)])];
};
