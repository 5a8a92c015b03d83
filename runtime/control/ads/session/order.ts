import { ofEachType, servedTypes, type ServedType } from "../../served-type.ts";
import { isSubscribed, type Ledger } from "./ledger.ts";
import { mentions } from "./mentions.ts";
import type { Served } from "../../view.ts";
import type { Waits } from "./waits.ts";

export type Ledgers = Readonly<Record<ServedType, Ledger>>;

/** Names, by type, that are not sent although they changed: they need something that the client refused. */
export type Blocked = Readonly<Record<ServedType, ReadonlySet<string>>>;

/**
 * What may leave now. It follows from what is acknowledged and nothing else: there is no plan that a newer view, a late
 * subscription or a refusal could make stale.
 */
export interface Order {
  readonly blocked: Blocked;
  readonly upserts: (type: ServedType) => boolean;
  readonly removals: (type: ServedType) => boolean;
  /** A change of endpoints and of a cluster that they are for: the cluster first, unless somebody waits for them already. */
  readonly areBehindTheirCluster: (endpoints: string) => boolean;
}

export const order = (ledgers: Ledgers, waits: Waits): Order => {
  const { cluster, listener, routes } = ledgers;
  const refusals = servedTypes.some((type) => ledgers[type].counts.refused > 0);
  const blocked = refusals ? blockedBy(ledgers) : nothingBlocked;
  const settled = (type: ServedType): boolean => ledgers[type].counts.upsert <= blocked[type].size;
  const readyForClusters = settled("secret");
  // An Envoy acknowledges clusters once they are warm, so this also waits for their endpoints to be of use.
  const readyForListeners =
    readyForClusters &&
    settled("cluster") &&
    settled("endpoints") &&
    !waits.includes("clusters") &&
    !waits.includes("endpoints");
  const readyForRoutes = readyForListeners && settled("listener");
  const readyForRemovals =
    readyForRoutes &&
    settled("routes") &&
    !refusals &&
    servedTypes.every((type) => blocked[type].size === 0) &&
    !waits.includes("routes") &&
    !waits.includes("return");
  const noRoutesLeft =
    readyForRemovals && listener.counts.removal === 0 && routes.counts.removal === 0 && !waits.includes("drain");
  let behind: ReadonlySet<string> | undefined;
  return {
    blocked,
    areBehindTheirCluster: (endpoints) => (behind ??= behindClusters(ledgers, blocked.cluster)).has(endpoints),
    upserts: (type) =>
      ({
        secret: true,
        cluster: readyForClusters,
        // INVARIANT: no gate on clusters' acknowledgement. Envoy withholds it until the endpoints are there.
        endpoints: true,
        listener: readyForListeners,
        routes: readyForRoutes,
        proxyConfig: true,
      })[type],
    removals: (type) =>
      ({
        listener: readyForRemovals,
        routes: readyForRemovals && listener.counts.removal === 0,
        cluster: noRoutesLeft,
        endpoints: noRoutesLeft && cluster.counts.removal === 0,
        secret: noRoutesLeft && cluster.counts.removal === 0,
        proxyConfig: true,
      })[type],
  };
};

const behindClusters = (ledgers: Ledgers, blocked: ReadonlySet<string>): ReadonlySet<string> => {
  const { cluster, endpoints } = ledgers;
  const sent = new Map(cluster.inFlight?.changed.map(({ name, version }) => [name, version]));
  const behind = new Set<string>();
  for (const [name, gap] of cluster.gaps) {
    const served = cluster.view.get(name);
    if (gap !== "upsert" || served === undefined || blocked.has(name) || sent.get(name) === served.version) continue;
    for (const own of endpointsOf(ledgers, served)) if (!endpoints.due.has(own)) behind.add(own);
  }
  return behind;
};

/** What a cluster is told of by resources of its own: endpoints of the name that it says, or else of its own. */
export const endpointsOf = ({ endpoints }: Ledgers, cluster: Served): readonly string[] => {
  const known = [...mentions(cluster)].filter((name) => endpoints.view.has(name) || endpoints.names.has(name));
  const said = known.filter((name) => name !== cluster.name);
  return said.length > 0 ? said : known;
};

/**
 * Endpoints that the next view does not name any more, and that a cluster needs which the client has, or is about to have, until it
 * takes the next one. They are as they were: where a cluster is refused for long, they grow old.
 */
export const outlived = (ledgers: Ledgers, next: ReadonlyMap<string, Served>): ReadonlyMap<string, Served> => {
  const { cluster, endpoints } = ledgers;
  const had = [
    ...(cluster.inFlight?.changed ?? []),
    ...[...cluster.gaps.keys()].flatMap((name) => cluster.held.get(name)?.accepted ?? []),
  ];
  const kept = new Map<string, Served>();
  for (const name of had.flatMap((served) => endpointsOf(ledgers, served))) {
    const known = endpoints.view.get(name);
    if (known !== undefined && !next.has(name)) kept.set(name, known);
  }
  return kept;
};

const nothing: ReadonlySet<string> = new Set();
const nothingBlocked: Blocked = ofEachType(() => nothing);

const blockedBy = (ledgers: Ledgers): Blocked => {
  const { secret, cluster, listener, routes } = ledgers;
  const refused = (of: Ledger): ReadonlySet<string> =>
    new Set([...of.gaps].flatMap(([name, gap]) => (gap === "refused" && of.view.has(name) ? [name] : [])));
  const needing = (of: Ledger, isNeeded: (name: string) => boolean): ReadonlySet<string> =>
    new Set([...of.gaps].flatMap(([name, gap]) => (gap === "upsert" && speaksOf(of, name, isNeeded) ? [name] : [])));
  const secrets = refused(secret);
  const clusters = needing(cluster, (name) => secrets.has(name));
  const missing = new Set([...refused(cluster), ...clusters]);
  const routesWithout = (name: string): boolean => speaksOf(routes, name, (cluster) => missing.has(cluster));
  const listeners = needing(
    listener,
    (name) =>
      secrets.has(name) ||
      missing.has(name) ||
      // A listener whose routes do not come would take over without any.
      (!routes.held.has(name) && routesWithout(name)),
  );
  const refusedListeners = [...refused(listener)];
  return {
    secret: nothing,
    cluster: clusters,
    endpoints: nothing,
    listener: listeners,
    routes: new Set(
      [...routes.gaps].flatMap(([name, gap]) =>
        gap === "upsert" &&
        (routesWithout(name) ||
          refusedListeners.some((refused) => speaksOf(listener, refused, (other) => other === name)))
          ? [name]
          : [],
      ),
    ),
    proxyConfig: nothing,
  };
};

const speaksOf = (of: Ledger, name: string, isMeant: (mentioned: string) => boolean): boolean => {
  const served = of.view.get(name);
  if (served === undefined) return false;
  for (const mentioned of mentions(served)) if (mentioned !== served.name && isMeant(mentioned)) return true;
  return false;
};

/** Routes that a listener asks for and that the client did not subscribe to yet. */
export const routesToCome = ({ listener, routes }: Ledgers, name: string): readonly string[] => {
  const served = listener.view.get(name);
  if (served === undefined) return [];
  return [...mentions(served)].filter((mentioned) => routes.view.has(mentioned) && !isSubscribed(routes, mentioned));
};
