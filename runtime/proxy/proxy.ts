import type { Listener, ProxyConfig } from "../../targets/native/config.ts";
import type { HttpSettings } from "./downstream/downstream.ts";
import { Port, type PortLimits, type PortRules } from "./downstream/port.ts";
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
  /** Goes over to a configuration without losing a request; rejects, and changes nothing, where that cannot be. */
  readonly taken: (config: ProxyConfig) => Promise<void>;
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
      case "outbound-http":
        return {
          mtls: "disabled",
          trustDomain,
          serves: { kind: "http", site: outboundSite(listener, surroundings, passed) },
        };
      case "outbound-tcp": {
        const ruled = ({ dialled }: Peer): Upstream | undefined => {
          const name = listener.byAddress[dialled.address] ?? listener.byAddress["*"];
          return name === undefined ? undefined : clusters.chosen(name);
        };
        return { mtls: "disabled", trustDomain, serves: { kind: "tcp", role: "outbound", cluster: "", ruled } };
      }
      case "inbound": {
        const upstream = application(listener.application.address, listener.application.port);
        if (listener.protocol === "http")
          return {
            mtls: listener.mtls,
            trustDomain,
            serves: { kind: "http", site: inboundSite(listener, surroundings, upstream) },
          };
        const verdict = accessRules(listener.access);
        const ruled = ({ identity: caller }: Peer): Upstream | undefined =>
          verdict({ caller }) === "allowed" ? upstream : undefined;
        return {
          mtls: listener.mtls,
          trustDomain,
          serves: { kind: "tcp", role: "inbound", cluster: `inbound|${listener.targetPort}`, ruled },
        };
      }
      case "gateway":
        return { mtls: "disabled", trustDomain, serves: { kind: "http", site: gatewaySite(listener, surroundings) } };
    }
  };

  const taken = async (config: ProxyConfig): Promise<void> => {
    if (identity !== "" && config.identity !== identity)
      throw new Error(`the configuration is of ${config.identity}, and this proxy runs as ${identity}`);
    const settings: HttpSettings = { limits, telemetry, isDraining: () => isDraining, identity: config.identity };
    // All of it is made before any of it is put in force.
    const rules = new Map(
      config.listeners.map((listener) => [`${listener.address} ${listener.port}`, rulesOf(listener, config)]),
    );
    if (rules.size < config.listeners.length) throw new Error("two listeners are on one address and port");
    const opened = new Map<string, Port>();
    const before = ports;
    try {
      clusters.checked(config);
      for (const { address, port } of config.listeners) {
        const key = `${address} ${port}`;
        if (before.has(key)) continue;
        const made = new Port(rules.get(key)!, settings, limits);
        if (own !== undefined) made.provenBy(own);
        await made.listening(address, port);
        opened.set(key, made);
      }
    } catch (error) {
      await Promise.all([...opened.values()].map((port) => port.close(0)));
      throw error;
    }
    identity = config.identity;
    clusters.taken(config.clusters);
    for (const [key, rule] of rules) before.get(key)?.ruledBy(rule);
    ports = new Map([...rules.keys()].map((key) => [key, before.get(key) ?? opened.get(key)!]));
    for (const [key, port] of before) if (!rules.has(key)) void port.close(closedMs);
  };

  // One after the other: each is judged against what is in force then.
  let queue: Promise<void> = Promise.resolve();
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

/** How long a port that is no longer told of lets its connections go on. */
const closedMs = 30_000;

const mostPassing = 10_000;
