import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";
import { idOf, type WorkloadId } from "../../lib/graph/graph.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { Access, Caller, Grant, Policy, ServicePolicy } from "../../lib/intent/index.ts";
import { identityOf, targetOf } from "../../lib/model/base.ts";
import type { AccessRule, Authorization, Principal, Principals } from "../../lib/model/authorization.ts";
import type { Context } from "./context.ts";
import type { Authored } from "./intents.ts";
import { pathAlternatives } from "./matches.ts";
import { selectorOf } from "./selector.ts";

/** Who may do what: every policy's grants and refusals, and the mesh's default. */
export const authorizations = (context: Context): readonly Authorization[] => {
  const { config, policies } = context.intents;
  const written = policies.flatMap((authored) => policyAuthorizations(authored, context));
  const closed: Authorization = {
    selector: { kind: "mesh" },
    action: "allow",
    rules: [],
    origin: { module: "mesh.config.ts", path: ["defaults", "access"] },
  };
  return config.defaults.access === "nobody" ? [closed, ...written] : written;
};

const policyAuthorizations = (
  { intent: policy, origin }: Authored<Policy>,
  context: Context,
): readonly Authorization[] => {
  const intent = policy.intent as { readonly allow?: Access<Grant>; readonly deny?: readonly Grant[] };
  const selector = selectorOf(policy.about, context);
  if (selector === undefined || selector.kind !== "workloads") return [];
  const ports = portsOf(policy, context);
  const rules = (grants: readonly Grant[], list: string): readonly AccessRule[] =>
    grants.map((grant, index) =>
      accessRule(
        grant,
        asksOfHttp(grant) ? httpPortsOf(policy, context) : ports,
        at(origin, "intent", list, index),
        context,
      ),
    );
  const found: Authorization[] = [];
  if (intent.deny !== undefined && intent.deny.length > 0)
    found.push({ selector, action: "deny", rules: rules(intent.deny, "deny"), origin: at(origin, "intent", "deny") });
  if (intent.allow !== undefined) {
    const allowOrigin = at(origin, "intent", "allow");
    const anyone: AccessRule = { from: "anyone", ports, methods: "any", paths: "any", origin: allowOrigin };
    const allowed =
      intent.allow === "nobody" ? [] : intent.allow === "anyone" ? [anyone] : rules(intent.allow, "allow");
    found.push({ selector, action: "allow", rules: allowed, origin: allowOrigin });
  }
  return found;
};

/** A service's policy speaks of the ports that it serves; a workload's of all. */
const portsOf = (policy: Policy, context: Context): AccessRule["ports"] => {
  const { about } = policy;
  if (about.$kind !== "service" && about.$kind !== "tcp-service") return "any";
  const service = context.service(about.$id);
  if (service === undefined) return "any";
  return [
    ...new Set(
      service.ports.filter(({ protocol }) => protocol !== "udp").map((port) => targetOf(service, port, context.graph)),
    ),
  ].sort((a, b) => a - b);
};

const asksOfHttp = ({ methods, paths }: Grant): boolean => methods !== undefined || paths !== undefined;

/** On a port without HTTP, Istio drops HTTP conditions from a DENY, which then refuses everything: so ports are always named. */
const httpPortsOf = (policy: Policy, context: Context): AccessRule["ports"] => {
  const { about } = policy;
  const services =
    about.$kind === "service" || about.$kind === "tcp-service"
      ? [context.service(about.$id)].filter((service) => service !== undefined)
      : context.servicesOf(about.$id);
  const ports = services.flatMap((service) =>
    service.ports.filter(({ protocol }) => carriesHttp(protocol)).map((port) => targetOf(service, port, context.graph)),
  );
  return ports.length === 0 ? portsOf(policy, context) : [...new Set(ports)].sort((a, b) => a - b);
};

const accessRule = (grant: Grant, ports: AccessRule["ports"], origin: Origin, context: Context): AccessRule => {
  for (const list of ["methods", "paths"] as const)
    if (grant[list]?.length === 0) context.report("MESH3012", { list }, at(origin, list));
  return {
    from: principals(grant.from, at(origin, "from"), context),
    ports,
    methods: grant.methods === undefined ? "any" : [...new Set(grant.methods)].sort(),
    paths:
      grant.paths === undefined
        ? "any"
        : grant.paths.flatMap((path, index) => pathAlternatives(path, at(origin, "paths", index), context)),
    origin,
  };
};

const principals = (from: Grant["from"], origin: Origin, context: Context): Principals => {
  const callers: readonly Caller[] = Array.isArray(from) ? from : [from as Caller];
  if (callers.includes("anyone")) return "anyone";
  if (callers.includes("authenticated")) return "authenticated";
  if (callers.length === 0) context.report("MESH3001", {}, origin);
  const found = callers.flatMap((caller, index) =>
    callerPrincipals(caller, Array.isArray(from) ? at(origin, index) : origin, context),
  );
  return [...new Map(found.map((principal) => [principal.id, principal])).values()].sort((a, b) =>
    a.id < b.id ? -1 : 1,
  );
};

const callerPrincipals = (caller: Caller, origin: Origin, context: Context): readonly Principal[] => {
  if (caller === "anyone" || caller === "authenticated") return [];
  if (caller.$kind === "namespace") {
    if (!context.graph.namespaces.some(({ name }) => name === caller.$id))
      context.report(
        "MESH4050",
        {
          kind: "namespace",
          name: caller.$id,
          near: nearest(
            caller.$id,
            context.graph.namespaces.map(({ name }) => name),
          ),
        },
        origin,
      );
    return [{ kind: "prefix", id: `spiffe://${context.platform.trustDomain}/ns/${caller.$id}/sa/` }];
  }
  return callerWorkloads(caller, origin, context).flatMap((id) => {
    const workload = context.workload(id);
    return workload ? [{ kind: "exact" as const, id: identityOf(workload, context.platform) }] : [];
  });
};

/** The workloads that a caller names; reports names that the graph does not have. */
export const callerWorkloads = (
  caller: Exclude<Caller, string>,
  origin: Origin,
  context: Context,
): readonly WorkloadId[] => {
  switch (caller.$kind) {
    case "namespace":
      return context.graph.workloads.filter(({ namespace }) => namespace === caller.$id).map(idOf);
    case "workload":
    case "gateway":
      if (context.workload(caller.$id)) return [caller.$id];
      context.report(
        "MESH4050",
        { kind: "workload", name: caller.$id, near: nearest(caller.$id, context.graph.workloads.map(idOf)) },
        origin,
      );
      return [];
    case "subset": {
      const { $service: service, $subset: subset } = caller;
      const subsets = context.service(service)?.subsets ?? [];
      const found = subsets.find(({ name }) => name === subset);
      const names = subsets.map(({ name }) => name);
      if (found === undefined)
        context.report("MESH4051", { service, subset, subsets: names, near: nearest(subset, names) }, origin);
      return found?.workloads ?? [];
    }
    case "service":
    case "tcp-service": {
      const service = context.service(caller.$id);
      if (service === undefined)
        context.report(
          "MESH4050",
          { kind: "service", name: caller.$id, near: nearest(caller.$id, context.graph.services.map(idOf)) },
          origin,
        );
      else if (service.workloads.length === 0) context.report("MESH3002", { service: caller.$id }, origin);
      return service?.workloads ?? [];
    }
  }
};

/** Grants that name callers one by one, and so say who will call. */
export const namedCallers = (intent: Policy["intent"]): readonly Exclude<Caller, string>[] => {
  const { allow } = intent as ServicePolicy;
  if (allow === undefined || typeof allow === "string") return [];
  return allow
    .flatMap(({ from }) => (Array.isArray(from) ? (from as readonly Caller[]) : [from as Caller]))
    .filter((caller): caller is Exclude<Caller, string> => typeof caller !== "string" && caller.$kind !== "namespace");
};
