import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { includes, type Principals } from "../../../lib/model/authorization.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Host, SpiffeId } from "../../../lib/model/mesh.ts";
import type { ProxiedReach } from "../../../lib/requests/decided/reach.ts";
import type { Diagrams } from "../../../lib/requests/diagrams.ts";
import { unknownWay, type Caller, type Unknown } from "../../diff/exact/ways.ts";
import { meshesOf, type View } from "./view.ts";

/** Who calls a name of a destination, for all who fare as this one does; lists are in the order of the views. */
export interface Reaching {
  readonly caller: Caller;
  readonly identity: SpiffeId;
  /** The same text for those of whom the same rules speak. */
  readonly who: string;
  /** Where the name leads. */
  readonly hosts: readonly (Host | undefined)[];
  /** Whether the destination's connections are forwarded whole. */
  readonly wholes: readonly boolean[];
  /** What becomes of names that are not known. */
  readonly ways: readonly Unknown[];
}

export interface Asked {
  readonly host: Host;
  readonly name: string;
  /** Callers of this namespace alone. */
  readonly within: string | undefined;
  /** Only callers whose proxies do not know the same destinations in all views. */
  readonly unsteady: boolean;
}

/** Where no more callers than these know the same, as the workloads of one service do, each is looked at by itself. */
const few = 16;

/** Callers who differ in nothing but their identity, whatever the name; but for what few of them know. */
interface Crowd {
  /** Undefined where few have each one's reach. */
  readonly reaches: readonly (ProxiedReach | undefined)[];
  readonly ways: readonly Unknown[];
  readonly namespace: string;
  readonly isSteady: boolean;
  readonly byIdentity: Map<SpiffeId, Member[]>;
  readonly byDirectory: Map<string, Member[]>;
}

interface Member {
  readonly order: number;
  readonly caller: Caller;
  readonly identity: SpiffeId;
  readonly reaches: readonly ProxiedReach[];
  readonly crowd: Crowd;
}

/**
 * Everybody whose own proxy looks at what is sent to a port, by the names that they know: one for all who fare alike in every
 * view, since the same name leads them to the same destinations, which let them in by the same rules.
 */
export const reachingAt = (
  port: number,
  views: readonly View[],
  diagrams: Diagrams,
  steady: ReadonlySet<Caller>,
): ((asked: Asked) => readonly Reaching[]) => {
  const clients = [...new Map(views.map((view) => [view.decided.mesh, view.decided])).values()];
  const clientOf = views.map(({ decided: { mesh } }) => clients.findIndex((client) => client.mesh === mesh));
  const inViews = <T>(of: readonly T[]): readonly T[] => clientOf.map((client) => of[client]!);

  const { members, knowing, wholeTo, crowds } = membersAt(port, clients, diagrams, steady);
  const gateOf = gatesOf(views);

  return ({ host, name, within, unsteady }) => {
    if (members === 0) return [];
    const isAsked = ({ namespace, isSteady }: Crowd): boolean =>
      (within === undefined || namespace === within) && !(unsteady && isSteady);
    const found = new Map<string, { readonly order: number; readonly reaching: Reaching }>();
    const alone = new Set([...(knowing.get(name) ?? []), ...(wholeTo.get(host) ?? [])]);
    const led = (reaches: readonly (ProxiedReach | undefined)[]) => {
      const hosts = reaches.map((reach) => reach?.named.get(name));
      const wholes = reaches.map((reach) => reach?.whole.has(host) === true);
      if (hosts.every((one) => one === undefined) && !wholes.includes(true)) return undefined;
      return { hosts, wholes, gate: gateOf([host, ...hosts.flatMap((one) => one ?? [])]) };
    };
    const add = (
      { order, caller, identity, crowd: { ways } }: Member,
      { hosts, wholes, gate }: NonNullable<ReturnType<typeof led>>,
    ): void => {
      const who = gate.who(identity);
      const key = `${hosts.join(" ")}|${wholes.join()}|${ways.join()}|${who}`;
      const known = found.get(key);
      if (known !== undefined && known.order < order) return;
      found.set(key, {
        order,
        reaching: { caller, identity, who, hosts: inViews(hosts), wholes: inViews(wholes), ways: inViews(ways) },
      });
    };
    for (const crowd of crowds) {
      const way = isAsked(crowd) ? led(crowd.reaches) : undefined;
      if (way === undefined) continue;
      for (const identity of way.gate.exact) {
        const first = crowd.byIdentity.get(identity)?.find((member) => !alone.has(member));
        if (first !== undefined) add(first, way);
      }
      for (const all of crowd.byDirectory.values()) {
        const first = all.find((member) => !alone.has(member) && !way.gate.exact.has(member.identity));
        if (first !== undefined) add(first, way);
      }
    }
    for (const member of alone) {
      const way = isAsked(member.crowd) ? led(member.reaches) : undefined;
      if (way === undefined) continue;
      add(member, way);
    }
    return [...found.values()].sort((a, b) => a.order - b.order).map(({ reaching }) => reaching);
  };
};

const membersAt = (
  port: number,
  clients: readonly View["decided"][],
  diagrams: Diagrams,
  steady: ReadonlySet<Caller>,
) => {
  const callers = clients[0]!.mesh.workloads.flatMap(({ id, namespace, identity, proxy }) => {
    const reaches = clients.map(({ callers: of }) => of.reach(id, port));
    if (proxy !== "sidecar" || reaches.some(({ kind }) => kind === "direct")) return [];
    return [{ id, namespace, identity, reaches: reaches as readonly ProxiedReach[] }];
  });
  const counts = new Map<ProxiedReach, number>();
  for (const { reaches } of callers)
    for (const reach of new Set(reaches)) counts.set(reach, (counts.get(reach) ?? 0) + 1);
  const numbers = new Map([...counts.keys()].map((reach, number) => [reach, number]));
  const ways = clients.map(() => new Map<ProxiedReach, Unknown>());
  const crowds = new Map<string, Crowd>();
  const [knowing, wholeTo] = [new Map<string, Set<Member>>(), new Map<Host, Set<Member>>()];
  for (const [order, { id, namespace, identity, reaches }] of callers.entries()) {
    const ofEach = reaches.map((reach, client) => {
      const known = ways[client]!.get(reach) ?? unknownWay(clients[client]!, reach, diagrams);
      ways[client]!.set(reach, known);
      return known;
    });
    const shared = reaches.map((reach) => (counts.get(reach)! > few ? reach : undefined));
    const isSteady = steady.has(id);
    const numbered = shared.map((reach) => (reach === undefined ? "" : numbers.get(reach)!));
    const key = [namespace, String(isSteady), ofEach.join(), numbered.join()].join("|");
    const crowd = crowds.get(key) ?? {
      ...{ reaches: shared, ways: ofEach, namespace, isSteady },
      ...{ byIdentity: new Map<SpiffeId, Member[]>(), byDirectory: new Map<string, Member[]>() },
    };
    crowds.set(key, crowd);
    const member: Member = { order, caller: id, identity, reaches, crowd };
    push(crowd.byIdentity, identity, member);
    push(crowd.byDirectory, directoryOf(identity), member);
    for (const [client, reach] of reaches.entries()) {
      if (shared[client] !== undefined) continue;
      for (const name of reach.named.keys()) insert(knowing, name, member);
      for (const host of reach.whole) insert(wholeTo, host, member);
    }
  }
  return { members: callers.length, knowing, wholeTo, crowds: [...crowds.values()] };
};

const push = <K, V>(map: Map<K, V[]>, key: K, value: V): void => {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
};

const insert = <K, V>(map: Map<K, Set<V>>, key: K, value: V): void => {
  const known = map.get(key);
  if (known) known.add(value);
  else map.set(key, new Set([value]));
};

/** A rule names an identity, or all that begin with something that ends in `/`. */
const directoryOf = (identity: SpiffeId): string => identity.slice(0, identity.lastIndexOf("/") + 1);

/** How rules tell callers apart who name destinations. */
interface Gate {
  /** Identities that some rule names by itself. */
  readonly exact: ReadonlySet<SpiffeId>;
  /** The same text for those of whom the same rules speak, in every view. */
  readonly who: (identity: SpiffeId) => string;
}

/** The rules of whatever stands behind destinations. */
const gatesOf = (views: readonly View[]): ((hosts: readonly Host[]) => Gate) => {
  const meshes = meshesOf(views);
  const kept = new Map<string, Gate>();
  return (hosts) => {
    const key = [...new Set(hosts)].join(" ");
    const known = kept.get(key);
    if (known !== undefined) return known;
    const callees = new Set<WorkloadId>();
    for (const mesh of meshes) {
      const { destination } = lookup(mesh);
      for (const host of hosts) {
        const routes = destination(host)?.ports.flatMap((port) => port.routes) ?? [];
        for (const led of [host, ...routes.flatMap(({ backends }) => backends.map((one) => one.host))])
          for (const id of destination(led)?.workloads ?? []) callees.add(id);
      }
    }
    const speaking = new Map<string, Principals>();
    // Where callers' proxies lead by one mesh, callees' may let in by another.
    for (const mesh of meshes) {
      const { workload, authorizations } = lookup(mesh);
      for (const id of callees) {
        const callee = workload(id);
        for (const { rules } of callee === undefined ? [] : authorizations(callee))
          for (const { from } of rules) speaking.set(JSON.stringify(from), from);
      }
    }
    const texts = [...speaking.keys()].sort();
    const spoken = new Map<SpiffeId, string>();
    const gate: Gate = {
      exact: new Set(
        [...speaking.values()].flatMap((from) =>
          typeof from === "string" ? [] : from.flatMap(({ kind, id }) => (kind === "exact" ? [id] : [])),
        ),
      ),
      who: (identity) => {
        const text = spoken.get(identity) ?? texts.filter((from) => includes(speaking.get(from)!, identity)).join();
        spoken.set(identity, text);
        return text;
      },
    };
    kept.set(key, gate);
    return gate;
  };
};
