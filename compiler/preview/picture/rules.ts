import { listed } from "../../diff/words/requests.ts";
import type { AccessRule, Principal } from "../../../lib/model/authorization.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { MeshWorkload } from "../../../lib/model/mesh.ts";
import { ruleSet } from "../../../lib/requests/conditions.ts";
import type { Side } from "./side.ts";

/** Who may call a workload and for what, a line for each rule; what is refused first, as it is decided first. */
export const callerLines = (workload: MeshWorkload, side: Side): readonly string[] => {
  const authorizations = lookup(side.mesh).authorizations(workload);
  const of = (action: "allow" | "deny"): readonly AccessRule[] =>
    authorizations.filter((authorization) => authorization.action === action).flatMap(({ rules }) => rules);
  const allowing = of("allow");
  const closed = authorizations.some(({ action }) => action === "allow");
  return [
    ...new Set([
      ...of("deny").map((rule) => `refused: ${ruleWords(rule, side)}`),
      ...(!closed
        ? ["everyone: nothing restricts it"]
        : allowing.length === 0
          ? ["nobody"]
          : allowing.map((rule) => ruleWords(rule, side))),
    ]),
  ];
};

const ruleWords = (rule: AccessRule, side: Side): string => {
  const { diagrams } = side.space;
  const asked = side.regions.words(ruleSet(rule, diagrams), rule.methods !== "any" || rule.paths !== "any");
  const ports = rule.ports === "any" ? "" : ` on port ${listed(rule.ports.map(String), "or")}`;
  return `${whoWords(rule.from, side)}: ${asked.join("; or ").replace("every connection", "every request")}${ports}`;
};

const whoWords = (from: AccessRule["from"], side: Side): string => {
  if (from === "anyone") return "anyone";
  if (from === "authenticated") return "whoever has an identity";
  const said = [...new Set(from.flatMap((principal) => principalWords(principal, side)))];
  return listed(said, "and");
};

const principalWords = ({ kind, id }: Principal, { holders }: Side): readonly string[] => {
  const [, , , , namespace, , account] = id.split("/");
  if (kind === "exact") return holders.get(id) ?? [`service account ${namespace ?? ""}/${account ?? id}`];
  if (namespace === undefined || namespace === "") return [`identities below ${id}`];
  return account === undefined || account === ""
    ? [`everyone in ${namespace}`]
    : [`service accounts ${namespace}/${account}…`];
};
