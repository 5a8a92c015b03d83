import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, DestinationPort, Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import { namesOf } from "../../../lib/model/callable.ts";
import { TooLarge } from "../../../lib/requests/diagrams.ts";
import { gatewayParts } from "./gateways.ts";
import type { Asked, Told } from "./regions.ts";
import type { Side } from "./side.ts";
import { hopTls, protocolWords, type EdgePart } from "./part.ts";
import type { SeenEdge } from "./seen.ts";

/** Who calls whom: what the proxies of callers know, and where gateways send what they let in. */
export const edges = (side: Side): readonly SeenEdge[] => {
  const found = new Map<string, EdgePart[]>();
  for (const part of [...serviceParts(side), ...gatewayParts(side)]) {
    const id = `${part.from} → ${part.to}:${part.port}`;
    const known = found.get(id);
    if (known) known.push(part);
    else found.set(id, [part]);
  }
  return [...found].map(([id, parts]) => seenEdge(id, parts, side));
};

const serviceParts = (side: Side): readonly EdgePart[] => {
  const { mesh, places } = side;
  const { scope, destination } = lookup(mesh);
  return mesh.workloads.flatMap((caller) => {
    if (caller.proxy !== "sidecar") return [];
    const hosts = scope(caller.id)?.hosts;
    const known = hosts === undefined ? mesh.destinations : hosts.flatMap((host) => destination(host) ?? []);
    const from = places.node(caller.id, mesh);
    return known
      .filter(({ host }) => host !== from)
      .flatMap((to) =>
        to.ports.map((port): EdgePart => ({
          from,
          to: to.host,
          port: port.number,
          protocol: port.protocol,
          who: caller.name,
          share: "",
          asked: () => askedBy(caller, to, port, side),
          tls: hopTls(to, port, mesh),
          isTlsKnown: leadsToGateway(to, mesh),
        })),
      );
  });
};

/** What a caller's proxy does with calls that name and dial a destination. */
const askedBy = (caller: MeshWorkload, to: Destination, port: DestinationPort, { decided, space }: Side): Asked => {
  const { diagrams } = space;
  const isHttp = carriesHttp(port.protocol);
  const way = decided.callers.way(caller.id, to.host, port.number, isHttp ? to.host : "connection");
  return {
    does: decided.along(way, caller.id, { kind: "destination", host: to.host }, port.number),
    of: isHttp ? diagrams.not(diagrams.test({ of: "connection" })) : diagrams.yes,
    host: to.host,
    ...(isHttp && { names: namesOf(to, caller.namespace) }),
    isHttp,
    isExternal: to.kind === "external",
  };
};

/** A call's end tells how it is spoken to the last proxy; a gateway has one more before it. */
const leadsToGateway = (to: Destination, mesh: Mesh): boolean =>
  to.workloads.some((id) => lookup(mesh).workload(id)?.proxy === "gateway");

const seenEdge = (id: string, parts: readonly EdgePart[], { regions }: Side): SeenEdge => {
  const [first] = parts;
  const { from, to, port, protocol, tls, isTlsKnown } = first!;
  const told = parts.map((part) => ({ part, told: toldOf(part, (asked) => regions.told(asked)) }));
  const kinds = new Set(told.flatMap((one) => [...one.told.tls]));
  const [kind, ...others] = kinds;
  const delivered = told.some((one) => one.told.someDelivered);
  const refused = told.some((one) => one.told.someRefused);
  return {
    id,
    from,
    to,
    port,
    marks: {
      protocol: protocolWords[protocol],
      split: told.find((one) => one.told.split.length > 1)?.told.split ?? [],
      mtls: isTlsKnown || kind === undefined ? tls : others.length > 0 ? "mixed" : kind,
      access: !refused ? "allowed" : delivered ? "partly" : "denied",
    },
    facts: [{ title: "Requests", lines: lines(told) }],
  };
};

const toldOf = (part: EdgePart, tell: (asked: Asked) => Told): Told => {
  try {
    return tell(part.asked());
  } catch (error) {
    if (!(error instanceof TooLarge)) throw error;
    return {
      someDelivered: true,
      someRefused: true,
      tls: new Set(),
      split: [],
      lines: [`not told apart: ${error.message}`],
    };
  }
};

/** What several callers have in common is said once. */
const lines = (all: readonly { readonly part: EdgePart; readonly told: Told }[]): readonly string[] => {
  const callers = new Set(all.map(({ part }) => part.who)).size;
  const said = new Map<string, Set<string>>();
  for (const { part, told } of all)
    for (const line of told.lines) {
      const whole = `${part.share}${line}`;
      said.set(whole, (said.get(whole) ?? new Set<string>()).add(part.who));
    }
  return [...said].map(([line, who]) => (who.size === callers ? line : `${[...who].sort().join(", ")}: ${line}`));
};
