import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";
import type { WorkloadId } from "../../lib/graph/graph.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { Access, Caller, Grant, Policy } from "../../lib/intent/index.ts";
import { identityOf, targetOf } from "../../lib/model/base.ts";
import type { AccessRule, Authorization, Principal, Principals } from "../../lib/model/authorization.ts";
import { callersOf, workloadsMeant, type NamedCaller } from "./callers.ts";
import { reportUnknown, type Context } from "./context.ts";
import type { Authored } from "./intents.ts";
import { pathAlternatives } from "./matches.ts";
import { reportUnknownNamespace, selectorOf } from "./selector.ts";

/** Who may do what: every policy's grants and refusals, and the mesh's default. */
export const authorizations = (context: Context): readonly Authorization[] => {
  const { config, policies } = context.intents;
  const written = policies.flatMap((authored) =>
    context.remembered("authorizations", authored, () => policyAuthorizations(authored, context)),
  );
  const origin: Origin = { module: "mesh.config.ts", path: ["defaults", "access"] };
  const closed = context.remembered("closed", config, (): Authorization => ({
    selector: { kind: "mesh" },
    action: "allow",
    rules: [],
    origin,
  }));
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
  const ports = service.ports
    .filter(({ protocol }) => protocol !== "udp")
    .map((port) => targetOf(service, port, context.graph));
  // A headless service may have no ports: it stands for its workloads.
  return ports.length === 0 ? "any" : [...new Set(ports)].sort((a, b) => a - b);
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
    from: principals(grant, origin, context),
    ports,
    methods: grant.methods === undefined ? "any" : [...new Set(grant.methods)].sort(),
    paths:
      grant.paths === undefined
        ? "any"
        : grant.paths.flatMap((path, index) => pathAlternatives(path, at(origin, "paths", index), context)),
    origin,
  };
};

const principals = (grant: Grant, origin: Origin, context: Context): Principals => {
  const callers = callersOf(grant);
  const everybody = (["anyone", "authenticated"] as const).find((word) =>
    callers.some(({ caller }) => caller === word),
  );
  if (everybody !== undefined) return everybody;
  if (callers.length === 0) context.report("MESH3001", {}, at(origin, "from"));
  const found = callers.flatMap(({ caller, path }) => callerPrincipals(caller, at(origin, ...path), context));
  return [...new Map(found.map((principal) => [principal.id, principal])).values()].sort((a, b) =>
    a.id < b.id ? -1 : 1,
  );
};

const callerPrincipals = (caller: Caller, origin: Origin, context: Context): readonly Principal[] => {
  if (caller === "anyone" || caller === "authenticated") return [];
  if (caller.$kind === "namespace") {
    reportUnknownNamespace(caller.$id, origin, context);
    return [{ kind: "prefix", id: `spiffe://${context.platform.trustDomain}/ns/${caller.$id}/sa/` }];
  }
  return callerWorkloads(caller, origin, context).flatMap((id) => {
    const workload = context.workload(id);
    return workload ? [{ kind: "exact" as const, id: identityOf(workload, context.platform) }] : [];
  });
};

/** The workloads that a caller means; reports names that the graph does not have. */
const callerWorkloads = (caller: NamedCaller, origin: Origin, context: Context): readonly WorkloadId[] => {
  const meant = workloadsMeant(caller, context.graph);
  if (meant.length > 0) return meant;
  switch (caller.$kind) {
    case "namespace":
      break;
    case "workload":
    case "gateway":
      reportUnknown("workload", caller.$id, origin, context);
      break;
    case "subset": {
      const { $service: service, $subset: subset } = caller;
      const subsets = (context.service(service)?.subsets ?? []).map(({ name }) => name);
      context.report("MESH4051", { service, subset, subsets, near: nearest(subset, subsets) }, origin);
      break;
    }
    case "service":
    case "tcp-service":
      if (context.service(caller.$id)) context.report("MESH3002", { service: caller.$id }, origin);
      else reportUnknown("service", caller.$id, origin, context);
  }
  return meant;
};
