import type { Listener, ProxyConfig } from "../../targets/native/config.ts";
import { configViolations } from "../../targets/native/config-shape.ts";
import { callersWithin, descriptorLimit } from "./descriptors.ts";
import type { HttpLimits, HttpSettings } from "./downstream/downstream.ts";
import { isEverywhere, isListenedAt } from "./downstream/own-machine.ts";
import { Port, type Crowd, type PortLimits, type PortRules, type Tunnelled } from "./downstream/port.ts";
import type { Peer } from "./downstream/site.ts";
import { headLimits, trailerLimits } from "./http1/limits.ts";
import type { OwnIdentity } from "./identity/own-identity.ts";
import { accessRules } from "./rules/access.ts";
import { gatewaySite, inboundSite, outboundSite } from "./rules/sites.ts";
import type { Telemetry } from "./telemetry/exchange-record.ts";
import { Clusters, type Upstream } from "./upstream/clusters.ts";
import type { AddressesOf } from "./upstream/lookups.ts";
import { PlainPools } from "./upstream/plain-pools.ts";
import { staysHere } from "./upstream/stays-here.ts";
import { poolLimits, type PoolLimits } from "./upstream/pool.ts";

export interface ProxyLimits extends HttpLimits, PortLimits {
  /** Files and sockets that this process may have. */
  readonly descriptors: number;
  /** How long a configuration waits for names that it brings. */
  readonly lookupMs: number;
}

export interface ProxyOptions {
  readonly telemetry: Telemetry;
  readonly limits?: Partial<ProxyLimits>;
  /** Of connections to endpoints. */
  readonly upstream?: Partial<PoolLimits>;
  /** The addresses of a name outside of the mesh; rejects where there are none. The system's own way unless said otherwise. */
  readonly addressesOf?: AddressesOf;
}

/** A data plane that runs. */
export interface Proxy {
  /** Goes over to a configuration without losing a request; rejects, and changes nothing, where it is none or cannot be had. */
  readonly taken: (config: unknown) => Promise<ProxyConfig>;
  /** Serves nothing, as before its first configuration; exchanges that run may end. */
  readonly emptied: () => Promise<void>;
  /** What it proves itself by from now on; connections that are open stay. */
  readonly provenBy: (identity: OwnIdentity) => void;
  readonly close: (graceMs: number) => Promise<void>;
}

export const proxyLimits: ProxyLimits = {
  head: headLimits,
  trailers: trailerLimits,
  headMs: 10_000,
  idleMs: 3_600_000,
  stalledMs: 300_000,
  replayBytes: 65_536,
  connections: 20_000,
  leavingMs: 30_000,
  handshakeMs: 10_000,
  descriptors: descriptorLimit(),
  lookupMs: 5000,
};

export const proxy = ({ telemetry, limits: some, upstream: someUpstream, addressesOf }: ProxyOptions): Proxy => {
  const limits = { ...proxyLimits, ...some };
  const upstreamLimits = { ...poolLimits, ...someUpstream };
  let own: OwnIdentity | undefined;
  let isDraining = false;
  const clusters = new Clusters(() => own, {
    limits: upstreamLimits,
    handshakeFailed: telemetry.handshakeFailed,
    ...(addressesOf && { addressesOf }),
  });
  const applications = new PlainPools({ limits: upstreamLimits });
  let ports = new Map<string, Port>();
  let identity = "";
  const most = callersWithin(limits.descriptors);
  const crowd: Crowd = { most, mostAtOne: most, count: 0 };
  let listened: readonly Listener[] = [];
  const passing = new PlainPools({
    most: mostPassing,
    limits: upstreamLimits,
    isItself: async ({ address, port }) =>
      listened.some((one) => one.port === port && isEverywhere(one)) && (await staysHere(address)),
  });

  /** Where a captured caller wanted to go; undefined where that is this proxy: it would call itself without end. */
  const passed = ({ dialled }: Peer): Upstream | undefined =>
    isListenedAt(dialled, listened) ? undefined : passing.at(dialled.address, dialled.port);

  // Made out here: ports keep it, and made by `taken` it would keep all that a configuration was put in force with, the ports
  // before among it, and those before them.
  const isOnItsWayOut = (): boolean => isDraining;

  const rulesOf = (listener: Listener, config: ProxyConfig): PortRules => {
    const { trustDomain, pathNormalization } = config;
    const surroundings = { pathNormalization, clusters };
    switch (listener.kind) {
      case "outbound-http": {
        const { byAddress } = listener;
        const unread = (peer: Peer): Tunnelled | undefined => {
          const name = byAddress?.[peer.dialled.address];
          return name === undefined ? undefined : { cluster: name, upstream: clusters.chosen(name) };
        };
        const site = outboundSite(listener, surroundings, passed);
        return { ...forApplication, trustDomain, serves: { kind: "http", site, ...(byAddress && { unread }) } };
      }
      case "outbound-tcp": {
        const { byAddress, unknownAddresses } = listener;
        const ruled = (peer: Peer): Tunnelled => {
          const name = byAddress[peer.dialled.address] ?? byAddress["*"];
          if (name !== undefined) return { cluster: name, upstream: clusters.chosen(name) };
          const upstream = unknownAddresses === "pass" ? passed(peer) : undefined;
          return { cluster: upstream === undefined ? "BlackHoleCluster" : "PassthroughCluster", upstream };
        };
        return { ...forApplication, trustDomain, serves: { kind: "tcp", role: "outbound", ruled } };
      }
      case "inbound": {
        const { mtls, targetPort } = listener;
        const upstream = applications.at(listener.application.address, listener.application.port);
        if (listener.protocol === "http")
          return { mtls, trustDomain, serves: { kind: "http", site: inboundSite(listener, surroundings, upstream) } };
        const verdict = accessRules(listener.access);
        const ruled = ({ identity: caller }: Peer): Tunnelled => ({
          cluster: `inbound|${targetPort}`,
          upstream: verdict({ caller }) === "allowed" ? upstream : undefined,
        });
        return { mtls, trustDomain, serves: { kind: "tcp", role: "inbound", ruled } };
      }
      case "gateway":
        return { mtls: "disabled", trustDomain, serves: { kind: "http", site: gatewaySite(listener, surroundings) } };
    }
  };

  const taken = async (told: unknown): Promise<ProxyConfig> => {
    const { version } = (told ?? {}) as { readonly version?: unknown };
    // One of a later version would be read wrong where it looks right.
    if (version !== 1)
      throw new Error(`the configuration is of version ${JSON.stringify(version)}, and this proxy knows 1`);
    const [violation] = configViolations(told);
    if (violation !== undefined) throw new Error(`the configuration is wrong at ${violation}`);
    const config = told as ProxyConfig;
    if (identity !== "" && config.identity !== identity)
      throw new Error(`the configuration is of ${config.identity}, and this proxy runs as ${identity}`);
    const settings: HttpSettings = { limits, telemetry, isDraining: isOnItsWayOut, identity: config.identity };
    // All of it is made before any of it is put in force.
    const wanted = sockets(config.listeners, (listener) => rulesOf(listener, config));
    // What is in force serves meanwhile: nobody waits for a name, nor is told that nobody stands behind it.
    const addresses = await clusters.looked(config.clusters, limits.lookupMs);
    const before = ports;
    const opened = new Map<string, Port>();
    // The kernel gives a number to one address, or to all of them together.
    const inTheWay = [...before].filter(
      ([key]) =>
        !wanted.has(key) && [...wanted.keys()].some((other) => !before.has(other) && numberIn(other) === numberIn(key)),
    );
    for (const [, port] of inTheWay) port.madeWay();
    try {
      for (const [key, { address, port, rules }] of wanted) {
        if (before.has(key)) continue;
        const made = new Port(rules, settings, limits, crowd);
        if (own !== undefined) made.provenBy(own);
        await made.listening(address, port, inTheWay.length > 0 ? limits.lookupMs + siblingsMs : 0);
        opened.set(key, made);
      }
    } catch (error) {
      await Promise.all([...opened.values()].map((port) => port.close(0)));
      await Promise.all(inTheWay.map(([key, port]) => port.listening(addressIn(key), numberIn(key))));
      throw error;
    }
    identity = config.identity;
    listened = config.listeners;
    crowd.mostAtOne = wanted.size > 1 ? Math.ceil(most / 2) : most;
    clusters.taken(config.clusters, addresses);
    applications.keepOnly(
      config.listeners.flatMap((listener) => (listener.kind === "inbound" ? [listener.application] : [])),
    );
    for (const [key, { rules }] of wanted) before.get(key)?.ruledBy(rules);
    ports = new Map([...wanted.keys()].map((key) => [key, before.get(key) ?? opened.get(key)!]));
    for (const [key, port] of before) if (!wanted.has(key)) void port.close(limits.leavingMs);
    return config;
  };

  const emptied = (): void => {
    const before = ports;
    [ports, listened, identity] = [new Map(), [], ""];
    clusters.taken({});
    applications.keepOnly([]);
    for (const port of before.values()) void port.close(limits.leavingMs);
  };

  // One after the other: each is judged against what is in force then.
  let queue: Promise<unknown> = Promise.resolve();
  return {
    taken: (config) => {
      const result = queue.then(() => taken(config));
      queue = result.catch(() => undefined);
      return result;
    },
    emptied: () => (queue = queue.then(emptied)) as Promise<void>,
    provenBy: (identityNow) => {
      own = identityNow;
      for (const port of ports.values()) port.provenBy(identityNow);
    },
    close: async (graceMs) => {
      isDraining = true;
      await queue;
      await Promise.all([...ports.values()].map((port) => port.close(graceMs)));
      clusters.close();
      applications.close();
      passing.close();
    },
  };
};

const forApplication = { mtls: "disabled", isForApplication: true } as const;

interface ListeningSocket {
  readonly address: string;
  readonly port: number;
  readonly rules: Map<string, PortRules>;
}

/** Whoever listens at every address of a machine listens for all who have the same port at one of them: the kernel gives it once. */
const sockets = (
  listeners: readonly Listener[],
  rulesOf: (listener: Listener) => PortRules,
): ReadonlyMap<string, ListeningSocket> => {
  const made = new Map<string, ListeningSocket>();
  const wide = new Map(listeners.filter(isEverywhere).map(({ port, address }) => [port, address]));
  for (const listener of listeners) {
    const address = wide.get(listener.port) ?? listener.address;
    const key = socketKey(address, listener.port);
    const socket = made.get(key) ?? { address, port: listener.port, rules: new Map<string, PortRules>() };
    const at = isEverywhere(listener) || address === listener.address ? "*" : listener.address;
    if (socket.rules.has(at)) throw new Error(`two listeners have every address at port ${listener.port}`);
    socket.rules.set(at, rulesOf(listener));
    made.set(key, socket);
  }
  return made;
};

const socketKey = (address: string, port: number): string => `${address} ${port}`;
const addressIn = (key: string): string => key.slice(0, key.indexOf(" "));
const numberIn = (key: string): number => Number(key.slice(key.indexOf(" ") + 1));

const mostPassing = 10_000;

/** How much later another process goes over than this one, beside its look-ups. */
const siblingsMs = 1000;
