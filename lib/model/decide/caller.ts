import { carriesHttp } from "../../graph/protocol.ts";
import type { Call, HttpRequest } from "../call.ts";
import { lookup } from "../lookup.ts";
import type { Destination, Mesh, MeshWorkload } from "../mesh.ts";
import { normalizedTarget } from "../normalized-path.ts";
import type { Branch, Hop } from "./decision.ts";
import { anyOf, arrival, ending, forwarded, prefixed, routed, seenBySender, step, type Journey } from "./journey.ts";

/** The branches of a call from the moment its caller dials. */
export const dialled = (journey: Journey, call: Call): readonly Branch[] => {
  const caller = lookup(journey.client).workload(call.from);
  if (call.from !== "outside" && caller === undefined) throw new Error(`unknown caller ${call.from}`);
  if (caller === undefined || caller.proxy === "none") return direct(journey, call, "the caller has no proxy");
  if (caller.excludedPorts.outbound.includes(call.port))
    return direct(journey, call, `the caller's proxy leaves port ${call.port} alone`);
  return throughProxy(journey, call, caller);
};

const throughProxy = (journey: Journey, call: Call, caller: MeshWorkload): readonly Branch[] => {
  const { client } = journey;
  const by: Hop = { role: "caller", workload: caller.id };
  const sender = { workload: caller, role: "caller" } as const;
  const known = inScope(client, caller);
  const { to } = call;
  const listening =
    to.kind === "destination"
      ? known.find(
          ({ host, ports }) =>
            host === to.host && ports.some(({ number, protocol }) => number === call.port && !carriesHttp(protocol)),
        )
      : undefined;
  if (listening) {
    const connected = step(
      by,
      `${listening.host}:${call.port} carries no HTTP and is forwarded whole`,
      listening.origin,
    );
    return forwarded(
      journey,
      sender,
      { host: listening.host, port: call.port, subset: "any", weight: 1 },
      "connection",
    ).map((branch) => prefixed(branch, [connected]));
  }
  const onPort = known.filter(({ ports }) =>
    ports.some(({ number, protocol }) => number === call.port && carriesHttp(protocol)),
  );
  if (onPort.length === 0 || call.request === "connection") return unknown(journey, call, by, "out-of-scope");
  const request: HttpRequest = {
    ...call.request,
    target: normalizedTarget(call.request.target, client.platform.pathNormalization),
  };
  const destination = onPort.find((candidate) => isCalled(candidate, request.host, caller.namespace));
  const port = destination?.ports.find(({ number }) => number === call.port);
  if (destination === undefined || port === undefined)
    return unknown(journey, { ...call, request }, by, "unknown-host");
  return routed(
    journey,
    sender,
    port.routes,
    request,
    step(by, `${request.host} is ${destination.host}, port ${call.port}`, destination.origin),
  );
};

/** The destinations that a workload's proxy knows. */
const inScope = (mesh: Mesh, caller: MeshWorkload): readonly Destination[] => {
  const scope = lookup(mesh).scope(caller.id);
  return scope === undefined ? mesh.destinations : scope.hosts.flatMap((host) => lookup(mesh).destination(host) ?? []);
};

/** Hosts are compared without port and in lower case, as Envoy's route table does. */
const isCalled = ({ host, aliases, namespace }: Destination, named: string, from: string): boolean => {
  const name = named.toLowerCase().replace(/:\d+$/, "");
  return (
    name === host || aliases.anywhere.includes(name) || (namespace === from && aliases.sameNamespace.includes(name))
  );
};

const unknown = (journey: Journey, call: Call, by: Hop, reason: "out-of-scope" | "unknown-host"): readonly Branch[] => {
  const what =
    reason === "unknown-host"
      ? "nothing in scope is called by this host"
      : `nothing in scope is called on port ${call.port}`;
  if (journey.client.platform.outbound === "allow-any") {
    const passed = direct(journey, call, `${what}; unknown calls pass through in plain text`);
    // On a port where the proxy reads HTTP it answers for whoever closes the connection.
    return reason === "unknown-host" ? passed.map((branch) => seenBySender(branch, by, call.request)) : passed;
  }
  const refused = step(by, `${what}; unknown calls are refused`, undefined);
  return reason === "unknown-host"
    ? ending({ kind: "answered", by, status: 502, reason, body: "own", responseEdits: [] }, [refused])
    : ending({ kind: "closed", by, reason }, [refused]);
};

/** Straight to the address, in plain text. */
const direct = (journey: Journey, call: Call, why: string): readonly Branch[] => {
  const { request, to, port } = call;
  const steps = [{ at: call.from, says: why, origin: undefined }];
  const arriving = (target: number) => ({
    port: target,
    caller: undefined,
    tls: false,
    request,
    to: "as-dialled" as const,
  });
  if (to.kind === "elsewhere")
    return ending({ kind: "delivered", to: "as-dialled", port, request, tls: "none", responseEdits: [] }, steps);
  if (to.kind === "workload")
    return arrival(journey, to.workload, arriving(port)).map((branch) => prefixed(branch, steps));
  const destination = lookup(journey.client).destination(to.host);
  const servicePort = destination?.ports.find(({ number }) => number === port);
  if (!destination || !servicePort)
    return ending({ kind: "closed", by: { role: "callee", workload: to.host }, reason: "no-listener" }, steps);
  if (destination.kind === "external" || destination.workloads.length === 0)
    return ending({ kind: "delivered", to: "as-dialled", port, request, tls: "none", responseEdits: [] }, steps);
  return anyOf(destination.workloads, (id) => arrival(journey, id, arriving(servicePort.target))).map((branch) =>
    prefixed(branch, steps),
  );
};
