import type { Listener, ProxyConfig } from "../../targets/native/config.ts";
import { configViolations } from "../../targets/native/config-shape.ts";
import type { HttpSettings } from "./downstream/downstream.ts";
import { Port, type PortLimits, type PortRules, type Tunnelled } from "./downstream/port.ts";
import type { Peer } from "./downstream/site.ts";
import { headLimits, trailerLimits } from "./http1/limits.ts";
import type { OwnIdentity } from "./identity/own-identity.ts";
import { accessRules } from "./rules/access.ts";
import { gatewaySite, inboundSite, outboundSite } from "./rules/sites.ts";
import type { Telemetry } from "./telemetry/exchange-record.ts";
import { Clusters, type Upstream } from "./upstream/clusters.ts";
import { Pool } from "./upstream/pool.ts";

export interface ProxyOptions {
  readonly telemetry: Telemetry;
  readonly limits?: Partial<HttpSettings["limits"] & PortLimits>;
}

/** A data plane that runs. */
export interface Proxy {
  /** Goes over to a configuration without losing a request; rejects, and changes nothing, where it is none or cannot be had. */
  readonly taken: (config: unknown) => Promise<ProxyConfig>;
  /** What it proves itself by from now on; connections that are open stay. */
  readonly provenBy: (identity: OwnIdentity) => void;
  readonly close: (graceMs: number) => Promise<void>;
}

export const proxyLimits: HttpSettings["limits"] & PortLimits = {
  head: headLimits,
  trailers: trailerLimits,
  headMs: 10_000,
  idleMs: 3_600_000,
  replayBytes: 65_536,
  connections: 20_000,
  handshakeMs: 10_000,
};

export const proxy = ({ telemetry, limits: some }: ProxyOptions): Proxy => {
  const limits = { ...proxyLimits, ...some };
  let own: OwnIdentity | undefined;
  let isDraining = false;
  const clusters = new Clusters(() => own);
  const applications = new Map<string, Upstream>();
  let passing = new Map<string, Upstream>();
  let ports = new Map<string, Port>();
  let identity = "";

  const application = (address: string, port: number): Upstream => {
    const key = `${address} ${port}`;
    const known = applications.get(key);
    if (known !== undefined) return known;
    const endpoint = { address, port };
    const made = { endpoint, pool: new Pool({ endpoint, own: () => undefined }) };
    applications.set(key, made);
    return made;
  };
  /** Where a captured caller wanted to go, unless that is this proxy itself. */
  const passed = ({ dialled: { address, port } }: Peer): Upstream | undefined => {
    const key = `${address} ${port}`;
    const known = passing.get(key) ?? {
      endpoint: { address, port },
      pool: new Pool({ endpoint: { address, port }, own: () => undefined }),
    };
    if (passing.size > mostPassing) passing = new Map();
    passing.set(key, known);
    return known;
  };

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
          return unknownAddresses === "pass"
            ? { cluster: "PassthroughCluster", upstream: passed(peer) }
            : { cluster: "BlackHoleCluster", upstream: undefined };
        };
        return { ...forApplication, trustDomain, serves: { kind: "tcp", role: "outbound", ruled } };
      }
      case "inbound": {
        const { mtls, targetPort } = listener;
        const upstream = application(listener.application.address, listener.application.port);
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
    const settings: HttpSettings = { limits, telemetry, isDraining: () => isDraining, identity: config.identity };
    // All of it is made before any of it is put in force.
    const wanted = sockets(config.listeners, (listener) => rulesOf(listener, config));
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
        const made = new Port(rules, settings, limits);
        if (own !== undefined) made.provenBy(own);
        await made.listening(address, port);
        opened.set(key, made);
      }
    } catch (error) {
      await Promise.all([...opened.values()].map((port) => port.close(0)));
      await Promise.all(inTheWay.map(([key, port]) => port.listening(addressIn(key), numberIn(key))));
      throw error;
    }
    identity = config.identity;
    clusters.taken(config.clusters);
    for (const [key, { rules }] of wanted) before.get(key)?.ruledBy(rules);
    ports = new Map([...wanted.keys()].map((key) => [key, before.get(key) ?? opened.get(key)!]));
    for (const [key, port] of before) if (!wanted.has(key)) void port.close(closedMs);
    return config;
  };

  // One after the other: each is judged against what is in force then.
  let queue: Promise<unknown> = Promise.resolve();
  return {
    taken: (config) => {
      const result = queue.then(() => taken(config));
      queue = result.catch(() => undefined);
      return result;
    },
    provenBy: (identityNow) => {
      own = identityNow;
      for (const port of ports.values()) port.provenBy(identityNow);
    },
    close: async (graceMs) => {
      isDraining = true;
      await queue;
      await Promise.all([...ports.values()].map((port) => port.close(graceMs)));
      clusters.close();
      for (const { pool } of [...applications.values(), ...passing.values()]) pool.close();
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
  const wide = new Set(listeners.filter(isWide).map(({ port }) => port));
  for (const listener of listeners) {
    const address = wide.has(listener.port) ? "0.0.0.0" : listener.address;
    const key = socketKey(address, listener.port);
    const socket = made.get(key) ?? { address, port: listener.port, rules: new Map<string, PortRules>() };
    socket.rules.set(isWide(listener) || address === listener.address ? "*" : listener.address, rulesOf(listener));
    made.set(key, socket);
  }
  return made;
};

const socketKey = (address: string, port: number): string => `${address} ${port}`;
const addressIn = (key: string): string => key.slice(0, key.indexOf(" "));
const numberIn = (key: string): number => Number(key.slice(key.indexOf(" ") + 1));

const isWide = ({ address }: Listener): boolean => address === "0.0.0.0";

/** How long a port that is no longer told of lets its connections go on. */
const closedMs = 30_000;

const mostPassing = 10_000;
