import type { SpiffeId } from "../../lib/model/selector.ts";
import { lookup } from "../../lib/model/lookup.ts";
import {
  adsServer,
  type Admission,
  type AdsServer,
  type Client,
  type Limits,
  type Node,
  type Peer,
} from "./ads/index.ts";
import type { Authority, Identities } from "./identity/index.ts";
import { listening } from "./listening.ts";
import { refusals, type Refusals } from "./refusals.ts";
import { secrets } from "./secrets.ts";
import type { Kept, Source } from "./source/source.ts";
import type { ConnectionLimits, Transport } from "./transport/index.ts";
import type { Served, View } from "./view.ts";
import { views, type Revision, type Told, type Views } from "./views.ts";

export type Log = (entry: Readonly<Record<string, unknown>>) => void;

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
  readonly log: Log;
}

/** What is in force, and what is wrong with what is there now. */
export interface SourceStatus {
  /** Of what is in force: counts up by one with each revision that was taken. */
  readonly revision: number;
  readonly takenAt: Date | undefined;
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
  /** What a client may have; undefined for one that is not known. */
  readonly viewOf: (client: string) => View | undefined;
  readonly phase: () => string;
  /** Serves nobody any more once clients had this long to go elsewhere. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** A proxy as it was admitted. */
interface Admitted {
  readonly workload: string;
  readonly instance: number;
  readonly identity: SpiffeId;
  /** When it was admitted, or last looked for and found connected. */
  seen: number;
}

const empty: Told = {
  cluster: new Map(),
  endpoints: new Map(),
  listener: new Map(),
  routes: new Map(),
};

/** How often it is looked which identities nobody uses any more. */
const sweepMs = 5000;
/** Who comes back within this time finds its certificate: a network that was away must not cost a new key for everybody. */
const returnMs = 60_000;
/** Of those who are away so many are remembered: names cost nothing to make up for whoever has an identity. */
const mostAway = 20_000;

export const control = async (options: ControlOptions): Promise<Control> => {
  const { source, authority, log } = options;
  const admitted = new Map<string, Admitted>();
  /** What a proxy was told last: that of a workload which the mesh lost stays, since its proxy may still serve. */
  const last = new Map<string, Told>();
  let current: { readonly revision: Revision; readonly views: Views } | undefined;
  let status: SourceStatus = { revision: 0, takenAt: undefined, warnings: [], broken: [] };

  const kept = refusals(source.spansOf, log);
  const held = secrets(
    options.identities,
    options.extraSecrets ?? [],
    () => server.changed(),
    (identity, error) => log({ level: "error", event: "identity not renewed", identity, reason: String(error) }),
  );

  const viewOf = ({ key }: Pick<Client, "key">): View => {
    const proxy = admitted.get(key);
    if (proxy === undefined) return { ...empty, secret: new Map() };
    const view = current?.views.of(proxy) ?? last.get(key) ?? empty;
    last.set(key, view);
    return { ...view, secret: held.of(proxy.identity) };
  };

  const admission = async ({ certificate, address }: Peer, node: Node): Promise<Admission> => {
    if (certificate === undefined) return { refused: "a client certificate of the mesh is needed" };
    const identity = authority.verified(certificate);
    if (typeof identity !== "string") return { refused: identity.reason };
    const proxy = proxyOf(node.id);
    if (proxy === undefined) return { refused: "the node id is not `namespace/workload/instance`" };
    if (current === undefined) return { refused: "there is no configuration yet" };
    const workload = lookup(current.revision.mesh).workload(proxy.workload);
    // The same words for what is unknown and for what is another's: a stranger learns no names.
    if (workload === undefined || workload.proxy === "none" || workload.identity !== identity)
      return { refused: `${identity} runs no proxy of ${proxy.workload}` };
    admitted.set(node.id, { ...proxy, identity, seen: performance.now() });
    await held.prepared(identity);
    running.known(address);
    return { client: { name: node.id, key: node.id } };
  };

  const server = adsServer({
    admitted: admission,
    viewOf,
    onRefusal: kept.kept,
    log,
    ...(options.limits && { limits: options.limits }),
  });

  const swept = (): void => {
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
    held.used(new Set([...admitted.values()].map(({ identity }) => identity)));
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
    taken: (revision, warnings) => {
      current = {
        revision,
        views: current?.views.next(revision) ?? views(revision, { accessLog: options.accessLog }),
      };
      kept.moved();
      status = { revision: status.revision + 1, takenAt: new Date(), warnings, broken: [] };
      log({ level: "info", event: "revision taken", revision: status.revision, warnings: warnings.length });
      server.changed();
    },
    broken: (diagnostics) => {
      status = { ...status, broken: diagnostics };
      for (const { code, message, at } of diagnostics.slice(0, 20))
        log({ level: "error", event: "revision not taken", code, message, at });
    },
  });

  return {
    port: running.port,
    ads: server,
    connections: running.counts,
    refusals: kept,
    source: () => status,
    mesh: () => current?.revision.mesh,
    viewOf: (client) => (admitted.has(client) ? viewOf({ key: client }) : undefined),
    phase: authority.phase,
    close: async (graceMs) => {
      clearInterval(sweep);
      await following.stop();
      await running.close(graceMs);
      held.close();
    },
  };
};

const proxyOf = (node: string): Pick<Admitted, "workload" | "instance"> | undefined => {
  const parts = node.split("/");
  const [namespace, name, instance] = parts;
  if (parts.length !== 3 || !namespace || !name || !instance || node.length > 1000) return undefined;
  return { workload: `${namespace}/${name}`, instance: /^\d{1,6}$/.test(instance) ? Number(instance) : -1 };
};
