import { takesMtls } from "../automatic-mtls.ts";
import { carriesHttp, type Protocol } from "../../graph/protocol.ts";
import type { WorkloadId } from "../../graph/graph.ts";
import type { HttpRequest } from "../call.ts";
import { editedHeaders } from "../edited-headers.ts";
import { fraction, one, product } from "../fraction.ts";
import { holds } from "../matching.ts";
import type { DestinationPort, GatewayListener, Mesh, MeshWorkload, SpiffeId, VirtualHost } from "../mesh.ts";
import { lookup } from "../lookup.ts";
import { normalizedTarget } from "../normalized-path.ts";
import type { Backend, Route } from "../route.ts";
import { verdict } from "./authorization.ts";
import type { AnswerReason, Branch, End, Hop, Outcome, Step } from "./decision.ts";

/** One call on its way: which revision each side holds, and how many proxies it has passed. */
export interface Journey {
  readonly client: Mesh;
  readonly server: Mesh;
  readonly hops: number;
}

/** What reaches a workload. */
export interface Arrival {
  readonly port: number;
  /** Undefined: no identity was proven. */
  readonly caller: SpiffeId | undefined;
  readonly tls: boolean;
  readonly request: HttpRequest | "connection";
  readonly to: (Outcome & { readonly kind: "delivered" })["to"];
}

/** A proxy that sends on: a caller's sidecar or a gateway. */
interface Sender {
  readonly workload: MeshWorkload;
  readonly role: "caller" | "gateway";
}

const mostHops = 8;

/** A request at a proxy with these routes: the first that matches decides. */
export const routed = (
  journey: Journey,
  sender: Sender,
  routes: readonly Route[],
  request: HttpRequest,
  before: Step,
): readonly Branch[] => {
  const by: Hop = { role: sender.role, workload: sender.workload.id };
  const route = routes.find(({ matches }) => matches.some((match) => holds(match, request)));
  if (route === undefined)
    return ending(answer(by, 404, "no-route"), [before, step(by, "no route matches", undefined)]);
  if (route.directResponse !== "none") {
    const { status, body } = route.directResponse;
    const response: Outcome = {
      kind: "answered",
      by,
      status,
      reason: "direct-response",
      body: { text: body },
      responseEdits: [],
    };
    return ending(editsAnswered(response, route), [before, step(by, `responds ${status} by itself`, route.origin)]);
  }
  const edited: HttpRequest = { ...request, headers: editedHeaders(request.headers, route.requestHeaders) };
  const total = route.backends.reduce((sum, { weight }) => sum + weight, 0);
  const treatment = { at: sender.workload.id, role: sender.role, timeout: route.timeout, retries: route.retries };
  return route.backends.flatMap((backend) => {
    const chosen = step(
      by,
      `routes to ${backend.host}:${backend.port}, ${backend.subset === "any" ? "any workload" : `subset ${backend.subset}`}`,
      route.origin,
    );
    return forwarded(journey, sender, backend, edited).map((branch) => ({
      share: product(fraction(backend.weight, total), branch.share),
      ends: branch.ends.map((end) => ({
        ...end,
        outcome: editsAnswered(end.outcome, route),
        treatments: [treatment, ...end.treatments],
        steps: [before, chosen, ...end.steps],
      })),
    }));
  });
};

/** From a proxy to a backend: TLS, then whichever workload the load balancer chooses. */
export const forwarded = (
  journey: Journey,
  sender: Sender,
  backend: Backend,
  request: HttpRequest | "connection",
): readonly Branch[] => {
  const by: Hop = { role: sender.role, workload: sender.workload.id };
  const destination = lookup(journey.client).destination(backend.host);
  const port = destination?.ports.find(({ number }) => number === backend.port);
  if (!destination || !port)
    return ending(answer(by, 503, "no-workload"), [
      step(by, `${backend.host}:${backend.port} is not known`, undefined),
    ]);
  const to = { host: backend.host, subset: backend.subset };
  const workloads =
    backend.subset === "any"
      ? destination.workloads
      : (destination.subsets.find(({ name }) => name === backend.subset)?.workloads ?? []);
  if (destination.kind === "external" || destination.kind === "unselected")
    return ending(outside(port, to, request), [
      step(by, `leaves the mesh towards ${destination.host}:${port.target}`, destination.origin),
    ]);
  if (workloads.length === 0)
    return ending(answer(by, 503, "no-workload"), [
      step(
        by,
        `no workload stands behind ${backend.subset === "any" ? backend.host : `subset ${backend.subset}`}`,
        destination.origin,
      ),
    ]);
  return anyOf(workloads, (id) => {
    const tls = port.tls.mode === "mesh" && takesMtls(journey.client, lookup(journey.client).workload(id));
    const branches = arrival(journey, id, {
      port: port.target,
      caller: tls ? sender.workload.identity : undefined,
      tls,
      request,
      to,
    });
    return branches.map((branch) => seenBySender(branch, by, request));
  });
};

/** What a workload's own proxy does with what arrives (Istio, `listener_builder.go`: TLS, then RBAC, then routing). */
export const arrival = (journey: Journey, id: WorkloadId, arriving: Arrival): readonly Branch[] => {
  const workload = lookup(journey.server).workload(id);
  // While a change rolls out, callers may still lead to what is no longer there, or already to what is not there yet.
  if (workload === undefined) {
    const nobody: Hop = { role: "callee", workload: id };
    return ending(
      { kind: "closed", by: nobody, reason: "no-listener" },
      [step(nobody, "is not there", undefined)],
      [id],
    );
  }
  const by: Hop = { role: workload.proxy === "gateway" ? "gateway" : "callee", workload: id };
  if (workload.proxy === "none" || workload.excludedPorts.inbound.includes(arriving.port)) {
    const why = step(by, "takes the call without a proxy", undefined);
    return arriving.tls
      ? ending({ kind: "closed", by, reason: "tls-refused" }, [why], [id])
      : ending(delivered(arriving), [why], [id]);
  }
  // Where a gateway does not listen nobody is there to authorize anything.
  if (workload.proxy === "gateway" && listenerOf(journey, workload, arriving.port) === undefined)
    return ending({ kind: "closed", by, reason: "no-listener" }, [notListening(by, arriving.port)], [id]);
  const steps: Step[] = [];
  if (workload.proxy === "sidecar") {
    const { mode, origin } = lookup(journey.server).mtls(workload);
    const refused: AnswerReason | undefined =
      mode === "strict" && !arriving.tls
        ? "plain-text-refused"
        : mode === "disabled" && arriving.tls
          ? "tls-refused"
          : undefined;
    steps.push(
      step(
        by,
        `mTLS is ${mode}; the call comes ${arriving.tls ? `with mTLS as ${arriving.caller}` : "in plain text"}${refused ? " and is refused" : ""}`,
        origin,
      ),
    );
    if (refused) return ending({ kind: "closed", by, reason: refused }, steps, [id]);
  }
  const http = readsHttp(workload, arriving);
  const request =
    http && arriving.request !== "connection" ? normalized(journey.server, arriving.request) : "connection";
  const { reason, origin } = verdict(journey.server, workload, {
    port: arriving.port,
    caller: arriving.caller,
    request,
  });
  steps.push(step(by, verdictWords[reason], origin));
  if (reason !== "allowed") {
    if (request === "connection") return ending({ kind: "closed", by, reason }, steps, [id]);
    const taken =
      workload.proxy === "gateway" ? routeAt(listenerOf(journey, workload, arriving.port), request) : undefined;
    const refused = answer(by, 403, reason);
    return ending(taken ? editsAnswered(refused, taken) : refused, steps, [id]);
  }
  if (workload.proxy === "gateway")
    return atGateway(journey, workload, arriving.port, request).map((branch) => prefixed(branch, steps));
  return ending(delivered({ ...arriving, request: request === "connection" ? arriving.request : request }), steps, [
    id,
  ]);
};

const atGateway = (
  journey: Journey,
  workload: MeshWorkload,
  port: number,
  request: HttpRequest | "connection",
): readonly Branch[] => {
  const by: Hop = { role: "gateway", workload: workload.id };
  if (journey.hops >= mostHops)
    return ending({ kind: "closed", by, reason: "loop" }, [step(by, "has been passed too often", undefined)]);
  const listener = listenerOf(journey, workload, port);
  if (listener === undefined || request === "connection")
    return ending({ kind: "closed", by, reason: "no-listener" }, [notListening(by, port)]);
  const virtualHost = virtualHostFor(listener.virtualHosts, request.host);
  if (virtualHost === undefined)
    return ending(answer(by, 404, "no-route"), [step(by, `does not know the host ${request.host}`, undefined)]);
  // From here on the gateway's own revision is the client's.
  const onward: Journey = { client: journey.server, server: journey.server, hops: journey.hops + 1 };
  return routed(
    onward,
    { workload, role: "gateway" },
    virtualHost.routes,
    request,
    step(by, `${request.host} is ${virtualHost.host}`, virtualHost.origin),
  );
};

/**
 * What a gateway would do to responses of the route that it would take: it edits its own refusals too, but by routes that
 * forward alone (Envoy, `prepareLocalReplyViaFilterChain`).
 */
const routeAt = (listener: GatewayListener | undefined, request: HttpRequest): Route | undefined => {
  const route = virtualHostFor(listener?.virtualHosts ?? [], request.host)?.routes.find(({ matches }) =>
    matches.some((match) => holds(match, request)),
  );
  return route?.directResponse === "none" ? route : undefined;
};

const listenerOf = ({ server }: Journey, { id }: MeshWorkload, port: number) =>
  lookup(server)
    .gateway(id)
    ?.listeners.find(({ target }) => target === port);

const notListening = (by: Hop, port: number): Step => step(by, `does not listen on port ${port}`, undefined);

/** An exact host before the longest wildcard (Envoy, `RouteMatcher::findVirtualHost`). */
const virtualHostFor = (virtualHosts: readonly VirtualHost[], named: string): VirtualHost | undefined => {
  const name = named.toLowerCase().replace(/:\d+$/, "");
  const exact = virtualHosts.find(({ host }) => host === name);
  if (exact) return exact;
  const wildcards = virtualHosts.filter(
    ({ host }) => host.startsWith("*") && name.endsWith(host.slice(1)) && name.length >= host.length,
  );
  return wildcards.sort((a, b) => b.host.length - a.host.length)[0];
};

const outside = (port: DestinationPort, to: Arrival["to"], request: HttpRequest | "connection"): Outcome => ({
  kind: "delivered",
  to,
  port: port.target,
  request,
  tls: port.tls.mode === "originate" ? { sni: port.tls.sni } : "none",
  responseEdits: [],
});

const delivered = ({ to, port, request, tls }: Arrival): Outcome => ({
  kind: "delivered",
  to,
  port,
  request,
  tls: tls ? "mutual" : "none",
  responseEdits: [],
});

/** Where no service says what a port speaks, the proxy looks for itself. */
const readsHttp = (workload: MeshWorkload, { port, request }: Arrival): boolean => {
  const protocol: Protocol | undefined = workload.ports.find(({ number }) => number === port)?.protocol;
  return request !== "connection" && (protocol === undefined || carriesHttp(protocol));
};

const normalized = (mesh: Mesh, request: HttpRequest): HttpRequest => ({
  ...request,
  target: normalizedTarget(request.target, mesh.platform.pathNormalization),
});

/** A connection that the callee closes is a 503 to whoever asked the proxy for a response. */
export const seenBySender = (branch: Branch, by: Hop, request: HttpRequest | "connection"): Branch => ({
  ...branch,
  ends: branch.ends.map((end) =>
    end.outcome.kind === "closed" && request !== "connection"
      ? { ...end, outcome: answer(by, 503, end.outcome.reason) }
      : end,
  ),
});

const editsAnswered = (outcome: Outcome, { responseHeaders }: Route): Outcome => {
  const edits = responseHeaders.remove.length + responseHeaders.set.length + responseHeaders.add.length;
  return outcome.kind === "closed" || edits === 0
    ? outcome
    : { ...outcome, responseEdits: [...outcome.responseEdits, responseHeaders] };
};

/** The branches of whichever workload is chosen. Where they differ they stand side by side, without shares of their own. */
export const anyOf = (
  ids: readonly WorkloadId[],
  branchesAt: (id: WorkloadId) => readonly Branch[],
): readonly Branch[] => {
  const groups = new Map<string, readonly Branch[]>();
  for (const id of ids) {
    const branches = branchesAt(id);
    const key = JSON.stringify(
      branches.map((branch) => [
        branch.share,
        branch.ends.map(({ share, outcome, treatments }) => [share, sansWorkload(outcome), treatments]),
      ]),
    );
    const known = groups.get(key);
    groups.set(key, known ? known.map((branch, index) => joined(branch, branches[index]!)) : branches);
  }
  const all = [...groups.values()];
  if (all.length === 1) return all[0]!;
  const ends = all
    .flat()
    .flatMap((branch) => branch.ends.map((end) => ({ ...end, share: product(branch.share, end.share) })));
  return [{ share: one, ends }];
};

const sansWorkload = (outcome: Outcome): unknown =>
  outcome.kind === "delivered" ? outcome : { ...outcome, by: outcome.by.role };

const joined = (a: Branch, b: Branch): Branch => ({
  share: a.share,
  ends: a.ends.map((end, index) => ({
    ...end,
    workloads: [...new Set([...end.workloads, ...(b.ends[index]?.workloads ?? [])])].sort(),
  })),
});

const answer = (by: Hop, status: number, reason: AnswerReason): Outcome => ({
  kind: "answered",
  by,
  status,
  reason,
  body: "own",
  responseEdits: [],
});

/** The one way in which a call ends here. */
export const ending = (
  outcome: Outcome,
  steps: readonly Step[],
  workloads: readonly WorkloadId[] = [],
): readonly Branch[] => [{ share: one, ends: [{ share: one, workloads, outcome, treatments: [], steps }] }];

/** The same branch, after these steps. */
export const prefixed = (branch: Branch, steps: readonly Step[]): Branch => ({
  ...branch,
  ends: branch.ends.map((end: End) => ({ ...end, steps: [...steps, ...end.steps] })),
});

export const step = (by: Hop, says: string, origin: Step["origin"]): Step => ({ at: by.workload, says, origin });

const verdictWords = {
  allowed: "authorization allows it",
  denied: "authorization denies it",
  "not-allowed": "no authorization allows it",
} as const;
