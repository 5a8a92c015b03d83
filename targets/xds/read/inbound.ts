import { loopbackAddress } from "../emit/values.ts";
import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { MtlsRule } from "../../../lib/model/mesh.ts";
import {
  blackHoleCluster,
  capturePorts,
  inboundCluster,
  inboundPassthroughCluster,
  inboundSource,
} from "../emit/names.ts";
import { noRules, rulesByPort, saysAlike, type ChainRules } from "./access/filters.ts";
import type { AskedPorts } from "./access/rule-set.ts";
import type { ChainTold, ListenerTold } from "./listeners.ts";
import { leadsTo, type ProxyReading, type ProxyTold } from "./proxy.ts";
import { below, fields, items, settled, text, unreadable, type Node } from "./reading.ts";
import { harmlessOfAction } from "./routes.ts";
import { downstreamSocket, isSame, peerProtocols } from "./tls.ts";

type Arrivals = Pick<ProxyTold, "mode" | "rules">;

/** What a sidecar does with what arrives for its application. */
export const inbound = (listeners: readonly ListenerTold[], reading: ProxyReading): Arrivals =>
  reading.instance?.loopback === undefined ? captured(listeners, reading) : onOwnPorts(listeners, reading);

const captured = (listeners: readonly ListenerTold[], reading: ProxyReading): Arrivals => {
  const [listener, ...others] = listeners;
  for (const { node } of others) unreadable(node, reading);
  if (listener === undefined || listener.port !== capturePorts.inbound || !listener.isBound) {
    unreadable(
      listener?.node ?? { value: undefined, at: "", object: `${reading.workload.id} listener virtualInbound` },
      reading,
    );
    return { mode: undefined, rules: noRules };
  }
  const { ports } = reading.workload;
  inspected(listener, true, reading);
  const groups = chainsByPort(listener);
  const loop = groups.get(capturePorts.inbound) ?? [];
  for (const { connection, node } of loop)
    if (connection.to.kind !== "cluster" || connection.to.name !== blackHoleCluster) unreadable(node, reading);
  const undeclared = groups.get("undeclared") ?? [];
  const read = undeclared.find(({ connection }) => connection.to.kind === "routes");
  const rules = read?.connection.rules ?? noRules;
  const modes = ports.map(({ number, protocol }) =>
    modeOf(
      groups.get(number) ?? [],
      carriesHttp(protocol) ? "http" : "tcp",
      { listener, rules, asked: number },
      reading,
    ),
  );
  const unknown = { not: [...ports.map(({ number }) => number), capturePorts.inbound] };
  for (const kind of ["http", "tcp"] as const)
    modes.push(
      modeOf(
        undeclared.filter(({ connection }) => (connection.to.kind === "routes") === (kind === "http")),
        kind,
        { listener, rules, asked: unknown },
        reading,
      ),
    );
  for (const [port, chains] of groups)
    if (port !== "undeclared" && !unknown.not.includes(port)) for (const { node } of chains) unreadable(node, reading);
  return { mode: agreed(modes, listener.node, reading), rules };
};

const onOwnPorts = (listeners: readonly ListenerTold[], reading: ProxyReading): Arrivals => {
  const { instance, workload } = reading;
  const applications = instance?.loopback?.applications ?? {};
  const left = new Set(listeners);
  const modes: (MtlsRule["mode"] | undefined)[] = [];
  const said: { port: number; dialled: number; rules: ChainRules }[] = [];
  for (const { number, protocol } of workload.ports) {
    if (applications[number] === undefined) continue;
    const dialled = instance?.ports?.[number] ?? number;
    const listener = listeners.find(({ port, address }) => port === dialled && address === instance?.address);
    if (listener === undefined) {
      unreadable({ value: undefined, at: "", object: `${workload.id} listener of port ${number}` }, reading);
      continue;
    }
    left.delete(listener);
    inspected(listener, false, reading);
    const rules = listener.chains[0]?.connection.rules ?? noRules;
    const asked = { listener, rules, asked: dialled };
    modes.push(modeOf(listener.chains, carriesHttp(protocol) ? "http" : "tcp", asked, reading, number));
    said.push({ port: number, dialled, rules });
  }
  for (const { node } of left) unreadable(node, reading);
  const first = listeners[0]?.node;
  return { mode: first && agreed(modes, first, reading), rules: rulesByPort(said) };
};

const chainsByPort = ({ chains }: ListenerTold): ReadonlyMap<number | "undeclared", readonly ChainTold[]> => {
  const groups = new Map<number | "undeclared", ChainTold[]>();
  for (const chain of chains) {
    const key = chain.port ?? "undeclared";
    groups.set(key, [...(groups.get(key) ?? []), chain]);
  }
  return groups;
};

const agreed = (
  modes: readonly (MtlsRule["mode"] | undefined)[],
  node: Node,
  reading: ProxyReading,
): MtlsRule["mode"] | undefined => {
  if (new Set(modes).size > 1) unreadable(below(node, "filterChains"), reading);
  return modes[0];
};

interface Asked {
  readonly listener: ListenerTold;
  /** All that is said of the workload's arrivals. */
  readonly rules: ChainRules;
  readonly asked: AskedPorts;
}

/** The mode that the chains of one port make, each of which is checked: what it takes, what it asks, where it leads. */
const modeOf = (
  chains: readonly ChainTold[],
  reads: "http" | "tcp",
  { listener, rules, asked }: Asked,
  reading: ProxyReading,
  loopbackPort?: number,
): MtlsRule["mode"] | undefined => {
  const port = loopbackPort ?? (typeof asked === "number" ? asked : undefined);
  const looksFor = (kind: "tls" | "http"): boolean =>
    listener.inspectors.some(
      (one) => one.kind === kind && (typeof asked !== "number" || !one.disabled.includes(asked)),
    );
  let [encrypted, plain, foreign] = [0, 0, 0];
  for (const chain of chains) {
    const { connection, socket, node } = chain;
    const isHttp = connection.to.kind === "routes";
    if (isHttp !== (reads === "http")) unreadable(node, reading);
    if (!saysAlike({ rules: connection.rules, reads: isHttp ? "http" : "connection" }, rules, asked))
      unreadable(below(node, "filters"), reading);
    straight(chain, port, reading);
    if (listener.otherwise) unreadable(listener.otherwise.node, reading);
    if (socket !== undefined) {
      encrypted += 1;
      downstreamSocket(socket, reading);
      if (chain.transport !== "tls" || !looksFor("tls") || !takesPeers(chain, reads, port !== undefined))
        unreadable(below(node, "filterChainMatch"), reading);
    } else if (chain.transport === "tls" && reads === "tcp") {
      foreign += 1;
      if (chain.protocols.length > 0) unreadable(below(node, "filterChainMatch"), reading);
    } else {
      plain += 1;
      if (!takesPlain(chain, reads, port !== undefined, looksFor("http")))
        unreadable(below(node, "filterChainMatch"), reading);
    }
  }
  // Two chains for one kind of arrival would each take some; bytes of a client's own TLS are plain text to the mesh.
  if (encrypted > 1 || plain > 1 || foreign > 1 || (foreign > 0 && plain === 0))
    unreadable(below(listener.node, "filterChains"), reading);
  if (encrypted > 0) return plain > 0 ? "permissive" : "strict";
  return plain > 0 ? "disabled" : undefined;
};

/** Encrypted: all that callers say inside of mTLS, or, on ports of which nothing is known, all that they say of HTTP. */
const takesPeers = ({ protocols }: ChainTold, reads: "http" | "tcp", isDeclared: boolean): boolean => {
  if (protocols.length === 0) return isDeclared || reads === "tcp";
  const [ours, istios] = [0, 1].map((index) => [
    ...(isDeclared || reads === "http" ? peerProtocols.http[index]! : []),
    ...(isDeclared || reads === "tcp" ? peerProtocols.tcp[index]! : []),
  ]);
  // A port that carries no HTTP is not called with its words.
  const bare = isDeclared && reads === "tcp" && isSame(protocols, peerProtocols.tcp[1]);
  return isSame(protocols, ours!) || isSame(protocols, istios!) || bare;
};

const takesPlain = (
  { protocols, transport }: ChainTold,
  reads: "http" | "tcp",
  isDeclared: boolean,
  inspects: boolean,
): boolean => {
  if (transport !== undefined && transport !== "raw_buffer") return false;
  if (isDeclared || reads === "tcp") return protocols.length === 0;
  // Istio leaves HTTP/1.0 to the bytes, which are authorized by the same rules but for what only requests have.
  return (
    inspects &&
    ["http/1.1", "h2c"].every((one) => protocols.includes(one)) &&
    protocols.every((one) => plainHttp.includes(one))
  );
};

const plainHttp = ["http/1.0", "http/1.1", "h2c"];

/** Reports a listener that does not look where it must, or does where it must not. */
const inspected = ({ inspectors, node, handsOver }: ListenerTold, isCaptured: boolean, reading: ProxyReading): void => {
  const declared = reading.workload.ports.map(({ number }) => number);
  if (handsOver || inspectors.some(({ kind }) => kind === "original-dst") !== isCaptured)
    unreadable(below(node, "listenerFilters"), reading);
  for (const { kind, disabled, node: filter } of inspectors) {
    const may = [capturePorts.inbound as number, ...(kind === "http" ? declared : [])];
    if (disabled.some((port) => !may.includes(port))) unreadable(below(filter, "filterDisabled"), reading);
  }
};

/** Reports what of a chain is not straight to the application: nothing else can be said of arrivals. */
const straight = ({ connection: { to, node } }: ChainTold, port: number | undefined, reading: ProxyReading): void => {
  if (to.kind === "cluster") ownApplication(to.node, port, reading);
  else if (to.kind === "routes") {
    const { virtualHosts } = fields(to.routes, ["virtualHosts"], reading, {
      name: "a name",
      validateClusters: "whether a missing cluster is refused",
    });
    const [virtualHost, ...others] = items(virtualHosts);
    const { domains, routes } = fields(virtualHost, ["domains", "routes"], reading, { name: "a name" });
    const [route, ...more] = items(routes);
    for (const one of [...others, ...more]) unreadable(one, reading);
    if (virtualHost === undefined || route === undefined) {
      unreadable(to.routes, reading);
      return;
    }
    settled(virtualHost, { domains }, { domains: [["*"]] }, reading);
    const { match, route: action } = fields(route, ["match", "route"], reading, {
      name: "a name",
      decorator: "a name in traces",
    });
    settled(route, { match }, { match: [{ prefix: "/" }] }, reading);
    const found = fields(action, ["cluster", "timeout", "retryPolicy", "maxStreamDuration"], reading, harmlessOfAction);
    settled(
      action ?? route,
      found,
      {
        timeout: ["0s"],
        // What the application has not read has not been done (Istio, ENABLE_INBOUND_RETRY_POLICY).
        retryPolicy: [undefined, { retryOn: "reset-before-request", numRetries: 2 }],
        maxStreamDuration: [undefined, { maxStreamDuration: "0s", grpcTimeoutHeaderMax: "0s" }],
      },
      reading,
    );
    ownApplication(found.cluster ?? below(route, "route"), port, reading);
  } else unreadable(node, reading);
};

const ownApplication = (cluster: Node, port: number | undefined, reading: ProxyReading): void => {
  const wanted = port === undefined ? inboundPassthroughCluster : inboundCluster(port);
  if (text(cluster) !== wanted) {
    unreadable(cluster, reading);
    return;
  }
  const { loopback } = reading.instance ?? {};
  if (loopback === undefined) leadsTo(cluster, { kind: "as-dialled", source: inboundSource }, reading);
  else if (port !== undefined)
    leadsTo(
      cluster,
      { kind: "endpoints", application: { address: loopbackAddress, port: loopback.applications[port] ?? port } },
      reading,
    );
};
