import type { SpiffeId } from "../../lib/model/selector.ts";
import { lookup } from "../../lib/model/lookup.ts";
import { proxyUserAgent } from "../../targets/native/discovery.ts";
import {
  adsServer,
  type Admission,
  type AdsServer,
  type Client,
  type Dismissal,
  type Limits,
  type Node,
  type Peer,
} from "./ads/index.ts";
import type { Authority, CertificateCounts, Identities } from "./identity/index.ts";
import { listening } from "./listening.ts";
import { refusals, type Refusals } from "./refusals/refusals.ts";
import { secrets } from "./admitted/secrets.ts";
import { standings } from "./admitted/standing.ts";
import type { Log } from "../log/log.ts";
import { sparingLog } from "../log/sparing-log.ts";
import type { Kept } from "../diagnostics/kept.ts";
import type { Source } from "./source/source.ts";
import type { ConnectionLimits, Transport } from "./transport/index.ts";
import { emptyView, type Served, type View } from "./view.ts";
import { views, type ProxyKind, type Revision, type Views } from "./views.ts";

export interface ControlOptions {
  readonly source: Source;
  readonly authority: Authority;
  readonly identities: Identities;
  readonly listen: { readonly address: string; readonly port: number };
  /** DNS names and addresses under which proxies find this server. */
  readonly names: readonly string[];
  readonly accessLog: "stdout" | "none";
  readonly limits?: Partial<Limits & ConnectionLimits>;
  /** Secrets that every proxy may have beside its own. */
  readonly extraSecrets?: readonly Served[];
  /** How often open streams are judged anew, and what nobody uses is forgotten; 5 s when absent. */
  readonly sweepMs?: number;
  /** How long a proxy that comes before the first configuration waits for it, before it hears to try again; 20 s when absent. */
  readonly firstMs?: number;
  readonly log: Log;
}

/** What is in force, and what is wrong with what is there now. */
export interface SourceStatus {
  /** Of what is in force: counts up by one with each revision that was taken. */
  readonly revision: number;
  readonly takenAt: Date | undefined;
  /** Those about the project's own proxies while one of them is connected: they say nothing to a mesh of Envoys. */
  readonly warnings: readonly Kept[];
  /** Not empty: what is in the folder now was not taken. */
  readonly broken: readonly Kept[];
}

/** A running control plane. */
export interface Control {
  readonly port: number;
  readonly ads: Pick<AdsServer, "clients" | "metrics">;
  readonly connections: Transport["counts"];
  readonly refusals: Pick<Refusals, "all">;
  readonly source: () => SourceStatus;
  readonly mesh: () => Revision["mesh"] | undefined;
  /** What a client may have, by its node id; undefined for one that is not known. */
  readonly viewOf: (node: string) => View | undefined;
  readonly phase: () => string;
  readonly certificates: () => CertificateCounts;
  /** Whether it is on its way out: nobody new should be sent here. */
  readonly draining: () => boolean;
  /** Serves nobody any more once clients had this long to go elsewhere. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** A proxy as it was admitted. */
interface Admitted {
  readonly node: string;
  readonly kind: ProxyKind;
  readonly workload: string;
  readonly instance: number;
  readonly identity: SpiffeId;
  /** When it was admitted, or last looked for and found connected. */
  seen: number;
}

/** Who comes back within this time finds its certificate: a network that was away must not cost a new key for everybody. */
const returnMs = 60_000;
/** Of those who are away so many are remembered: names cost nothing to make up for whoever has an identity. */
const mostAway = 20_000;

export const control = async (options: ControlOptions): Promise<Control> => {
  const { source, authority, log, sweepMs = 5000, firstMs = 20_000 } = options;
  const sparing = sparingLog(log);
  const admitted = new Map<string, Admitted>();
  /** What a proxy may have had last: that of a workload which the mesh lost stays, since its proxy may still serve. */
  const last = new Map<string, View>();
  let current: { readonly revision: Revision; readonly views: Views } | undefined;
  let isDraining = false;
  /** The first word of the source, good or bad. Proxies wait for it: whoever is sent away stays away for longer. */
  const first = Promise.withResolvers<void>();
  const until = setTimeout(first.resolve, firstMs).unref();
  let status: SourceStatus = { revision: 0, takenAt: undefined, warnings: [], broken: [] };
  let aboutMeshProxies: readonly Kept[] = [];

  const kept = refusals(source.spansOf, log);
  const held = secrets(
    options.identities,
    options.extraSecrets ?? [],
    () => server.changed(),
    (identity, error) => log({ level: "error", event: "identity not renewed", identity, reason: String(error) }),
  );

  const isRunning = ({ workload: id, identity }: Pick<Admitted, "workload" | "identity">): boolean => {
    const workload = current && lookup(current.revision.mesh).workload(id);
    return workload !== undefined && workload.proxy !== "none" && workload.identity === identity;
  };

  /**
   * INVARIANT: no stream gets secrets of another identity than it proved, and none that are newer than the mesh's word that its
   * workload runs as that identity. Until the next sweep ends the stream it has what it had: taking that away would lose requests.
   */
  const viewOf = ({ key }: Pick<Client, "key">): View => {
    const proxy = admitted.get(key);
    const told = proxy && isRunning(proxy) ? current?.views.of(proxy) : undefined;
    if (proxy === undefined || told === undefined) return last.get(key) ?? emptyView;
    // The project's own proxy has its identity from where it got the certificate that it came with.
    const view = { ...told, secret: proxy.kind === "envoy" ? held.of(proxy.identity) : emptyView.secret };
    last.set(key, view);
    return view;
  };

  const admission = async ({ certificate, address }: Peer, node: Node): Promise<Admission> => {
    if (certificate === undefined) return { refused: "a client certificate of the mesh is needed" };
    const identity = authority.verified(certificate);
    if (typeof identity !== "string") {
      running.hungUp(address);
      return { refused: identity.reason, isProved: false };
    }
    const proxy = proxyOf(node.id);
    if (proxy === undefined) return { refused: "the node id is not `namespace/workload/instance`" };
    await first.promise;
    if (current === undefined) {
      sparing({ level: "warn", event: "no configuration yet", client: node.id, address });
      return { unavailable: "there is no configuration yet" };
    }
    // The same words for what is unknown and for what is another's: a stranger learns no names.
    const stranger = { refused: `${identity} runs no proxy of ${proxy.workload}` };
    if (!isRunning({ ...proxy, identity })) return stranger;
    const kind = isMeshProxy(node) ? "mesh-proxy" : "envoy";
    const key = `${identity} ${kind} ${node.id}`;
    // The newest is the last: that is whom somebody means who asks by node id.
    admitted.delete(key);
    admitted.set(key, { ...proxy, node: node.id, kind, identity, seen: performance.now() });
    if (kind === "envoy") await held.prepared(identity);
    // The mesh may be another by now: whoever came back to an empty view would drop all that it serves by.
    if (!isRunning({ ...proxy, identity })) return stranger;
    running.known(address);
    return { client: { name: node.id, key, owner: identity } };
  };

  const server = adsServer({
    admitted: admission,
    viewOf,
    onRefusal: kept.kept,
    log,
    ...(options.limits && { limits: options.limits }),
  });

  const standing = standings(authority, ({ key }, identity) => {
    const proxy = admitted.get(key);
    return proxy !== undefined && proxy.identity === identity && isRunning(proxy);
  });
  const judged = (client: Client, peer: Peer): Dismissal | undefined => {
    const why = standing.verdict(client, peer);
    if (why !== undefined) running.hungUp(peer.address);
    return why;
  };

  const swept = (): void => {
    standing.swept();
    server.judged(judged);
    const connected = Map.groupBy(server.clients(), ({ client }) => client.key);
    const now = performance.now();
    let away = 0;
    for (const [key, proxy] of admitted) {
      if (connected.has(key)) proxy.seen = now;
      else away += 1;
      // Whoever was admitted a moment ago may not have its stream yet.
      if (now - proxy.seen < (away > mostAway ? sweepMs : returnMs)) continue;
      admitted.delete(key);
      last.delete(key);
    }
    held.used(new Set([...admitted.values()].flatMap(({ kind, identity }) => (kind === "envoy" ? [identity] : []))));
    kept.forgotten((key, type, name) =>
      (connected.get(key) ?? []).some(({ types }) => types[type]?.refused.has(name) === true),
    );
  };
  const sweep = setInterval(swept, sweepMs).unref();

  const running = await listening({
    server,
    authority,
    listen: options.listen,
    names: options.names,
    ...(options.limits && { limits: options.limits }),
    log,
  });

  const following = await source.followed({
    taken: (revision) => {
      const takenAt = performance.now();
      current = {
        revision,
        views: current?.views.next(revision) ?? views(revision, { accessLog: options.accessLog }),
      };
      first.resolve();
      kept.moved();
      status = { revision: status.revision + 1, takenAt: new Date(), warnings: [], broken: [] };
      aboutMeshProxies = [];
      log({ level: "info", event: "revision taken", revision: status.revision });
      server.changed(takenAt);
    },
    warned: (warnings, ofMeshProxies) => {
      status = { ...status, warnings };
      const said = new Set(warnings.map(textOf));
      aboutMeshProxies = ofMeshProxies.filter((one) => !said.has(textOf(one)));
      if (warnings.length > 0)
        log({ level: "warn", event: "revision has warnings", revision: status.revision, warnings: warnings.length });
    },
    broken: (diagnostics) => {
      status = { ...status, broken: diagnostics };
      first.resolve();
      for (const { code, message, at } of diagnostics.slice(0, 20))
        log({ level: "error", event: "revision not taken", code, message, at });
    },
  });

  return {
    port: running.port,
    ads: server,
    connections: running.counts,
    refusals: kept,
    source: () => {
      const isConcerned = aboutMeshProxies.length > 0 && server.clients().some(({ node }) => isMeshProxy(node));
      return isConcerned ? { ...status, warnings: [...status.warnings, ...aboutMeshProxies] } : status;
    },
    mesh: () => current?.revision.mesh,
    viewOf: (node) => {
      const key = [...admitted].findLast(([, proxy]) => proxy.node === node)?.[0];
      return key === undefined ? undefined : viewOf({ key });
    },
    phase: authority.phase,
    certificates: authority.counts,
    draining: () => isDraining,
    close: async (graceMs) => {
      isDraining = true;
      clearInterval(sweep);
      clearTimeout(until);
      first.resolve();
      await following.stop();
      await running.close(graceMs);
      held.close();
    },
  };
};

const isMeshProxy = ({ userAgent }: Node): boolean => userAgent.split(" ", 1)[0] === proxyUserAgent;

const textOf = ({ code, message, at }: Kept): string => `${code} ${at} ${message}`;

const proxyOf = (node: string): Pick<Admitted, "workload" | "instance"> | undefined => {
  const parts = node.split("/");
  const [namespace, name, instance] = parts;
  if (parts.length !== 3 || !namespace || !name || !instance || node.length > 1000) return undefined;
  return { workload: `${namespace}/${name}`, instance: /^\d{1,6}$/.test(instance) ? Number(instance) : -1 };
};
