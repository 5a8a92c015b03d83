import { authorizationLookup, workloadLookup } from "../../../lib/model/lookup.ts";
import type { DestinationPort, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Match } from "../../../lib/model/route.ts";
import { matchesSet, ruleSet } from "../../../lib/requests/conditions.ts";
import type { Diagram } from "../../../lib/requests/diagrams.ts";
import { Space } from "../../../lib/requests/space.ts";
import { isSubset } from "../../../lib/requests/subset.ts";
import { lawOfEach, type Subject } from "../law.ts";

/** What callers' proxies say is no firewall (istio 15329, 17463): who has none, or calls past it, never meets such a route. */
export const refusalIsMadeByTheCallee = lawOfEach(
  "MESH3017",
  "destinations",
  ["platform", "workloads", "authorizations"],
  ({ host, ports, workloads }, given, report) => {
    const callees = workloads.flatMap((id) => workloadLookup(given.workloads).workload(id) ?? []);
    const seen = new Set<string>();
    for (const port of ports) {
      const earlier: Match[] = [];
      for (const { matches, directResponse, origin } of port.routes) {
        const key = JSON.stringify(origin);
        if (directResponse !== "none" && isRefusal(directResponse.status) && !seen.has(key)) {
          const space = new Space(given.platform.pathNormalization);
          const { diagrams } = space;
          const answered = diagrams.and(matchesSet(matches, diagrams), diagrams.not(matchesSet(earlier, diagrams)));
          if (callees.some((callee) => isSubset(answered, refused(callee, port, given, space), space) === false)) {
            report(origin, { host, status: directResponse.status });
            seen.add(key);
          }
        }
        earlier.push(...matches);
      }
    }
  },
);

const isRefusal = (status: number): boolean => status === 401 || status === 403;

/** The requests that a workload's own proxy refuses, whoever sends them. */
const refused = (
  callee: MeshWorkload,
  { target }: DestinationPort,
  { authorizations }: Pick<Subject, "authorizations">,
  { diagrams }: Space,
): Diagram => {
  if (callee.proxy === "none") return diagrams.no;
  const rules = (action: "allow" | "deny") =>
    authorizationLookup(authorizations)
      .authorizations(callee)
      .filter((one) => one.action === action)
      .map((one) => one.rules.filter(({ ports }) => ports === "any" || ports.includes(target)));
  const [denied, allowed] = [rules("deny"), rules("allow")];
  return diagrams.or(
    ...denied.flat().flatMap((rule) => (rule.from === "anyone" ? [ruleSet(rule, diagrams)] : [])),
    allowed.length === 0
      ? diagrams.no
      : diagrams.not(diagrams.or(...allowed.flat().map((rule) => ruleSet(rule, diagrams)))),
  );
};
