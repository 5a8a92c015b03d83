import { includes, type AccessRule } from "../authorization.ts";
import { pathOf, type HttpRequest } from "../call.ts";
import { holdsOfPath } from "../matching.ts";
import type { Mesh, MeshWorkload, SpiffeId } from "../mesh.ts";
import { lookup } from "../lookup.ts";
import type { Origin } from "../../diagnostics/origin.ts";

export interface Verdict {
  readonly reason: "allowed" | "denied" | "not-allowed";
  readonly origin: Origin | undefined;
}

/** Deny is asked first; where no `allow` speaks of the workload, everybody may (Istio, "Implicit enablement"). */
export const verdict = (
  mesh: Mesh,
  workload: MeshWorkload,
  arrival: {
    readonly port: number;
    readonly caller: SpiffeId | undefined;
    readonly request: HttpRequest | "connection";
  },
): Verdict => {
  const authorizations = lookup(mesh).authorizations(workload);
  const matching = (action: "allow" | "deny") =>
    authorizations
      .flatMap((authorization) => (authorization.action === action ? authorization.rules : []))
      .find((rule) => applies(rule, arrival));
  const denied = matching("deny");
  if (denied) return { reason: "denied", origin: denied.origin };
  const allows = authorizations.filter(({ action }) => action === "allow");
  if (allows.length === 0) return { reason: "allowed", origin: undefined };
  const allowed = matching("allow");
  return allowed ? { reason: "allowed", origin: allowed.origin } : { reason: "not-allowed", origin: allows[0]?.origin };
};

const applies = (rule: AccessRule, { port, caller, request }: Parameters<typeof verdict>[2]): boolean => {
  if (!includes(rule.from, caller)) return false;
  if (rule.ports !== "any" && !rule.ports.includes(port)) return false;
  if (request === "connection") return rule.methods === "any" && rule.paths === "any";
  if (rule.methods !== "any" && !rule.methods.includes(request.method)) return false;
  const path = pathOf(request);
  return rule.paths === "any" || rule.paths.some((match) => holdsOfPath(match, path));
};
