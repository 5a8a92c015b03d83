import { lookup } from "../../lib/model/lookup.ts";
import type { Address } from "../../lib/model/call.ts";
import type { Host } from "../../lib/model/mesh.ts";
import type { Decided } from "../../lib/requests/decided/decided.ts";
import type { Effects } from "../../lib/requests/decided/meanings.ts";
import type { ProxiedReach, Reach } from "../../lib/requests/decided/reach.ts";
import type { Diagram, Diagrams } from "../../lib/requests/diagrams.ts";
import { Fingerprints } from "../diff/exact/fingerprints.ts";
import { laneAddresses, type Lane } from "../diff/exact/lane.ts";
import { calledPorts } from "../diff/exact/ports.ts";
import { isStraight, sent, unknownWay, type Caller, type Unknown } from "../diff/exact/ways.ts";
import type { Mesh } from "../../lib/model/mesh.ts";

/** What callers' proxies and callees' hold at one moment. */
export interface View {
  readonly decided: Decided;
  readonly server: Mesh;
}

/** Calls that somebody means to make, and what becomes of them in each view, in the order of the views. */
export interface MeantCalls {
  readonly lane: Lane;
  readonly caller: Caller;
  readonly meanings: readonly Diagram<Effects>[];
}

/**
 * Every way of calling that people mean and that not all views treat alike: a destination by its name and at its address, and
 * whatever is dialled by who has no proxy. All views have the same workloads.
 */
export function* meantCalls(views: readonly View[], diagrams: Diagrams): Generator<MeantCalls> {
  const prints = printsOf(views);
  yield* proxied(views, diagrams, prints);
  yield* direct(views, prints);
  yield* fromGateways(views, prints);
}

interface Prints {
  readonly routed: (host: Host, port: number) => boolean;
  readonly forwarded: (host: Host) => boolean;
  readonly arrived: (workload: string) => boolean;
}

/** Whether views may differ: where both of its meshes say what all others' say, a view is as they are. */
const printsOf = (views: readonly View[]): Prints => {
  const made = new Map<Mesh, Fingerprints>();
  for (const mesh of views.flatMap(({ decided, server }) => [decided.mesh, server]))
    if (!made.has(mesh)) made.set(mesh, new Fingerprints(mesh));
  const all = [...made.values()];
  const kept = new Map<string, boolean>();
  const differs = (key: string, text: (of: Fingerprints) => string): boolean => {
    const found = kept.get(key) ?? new Set(all.map(text)).size > 1;
    kept.set(key, found);
    return found;
  };
  return {
    routed: (host, port) => differs(`routed ${host} ${port}`, (of) => of.routed(host, port)),
    forwarded: (host) => differs(`forwarded ${host}`, (of) => of.forwarded(host)),
    arrived: (workload) => differs(`arrived ${workload}`, (of) => of.arrived(workload)),
  };
};

const meshesOf = (views: readonly View[]): readonly Mesh[] => [
  ...new Set(views.flatMap(({ decided, server }) => [decided.mesh, server])),
];

/** Callers by what the views make of a port, for as long as names are asked. */
interface Reaching {
  readonly caller: Caller;
  readonly namespace: string;
  readonly identity: string;
  readonly reaches: readonly ProxiedReach[];
  readonly ways: readonly Unknown[];
  /** Whether its proxy knows the same destinations in all views. */
  readonly isSteady: boolean;
}

function* proxied(views: readonly View[], diagrams: Diagrams, prints: Prints): Generator<MeantCalls> {
  const names = namesOfAll(views);
  const steady = steadyCallers(views);
  for (const port of calledPorts(...meshesOf(views))) {
    // Nobody means to call what nothing speaks of.
    if (typeof port !== "number") continue;
    const callers = reachingAt(port, views, diagrams, steady);
    const unsteady = callers.filter(({ isSteady }) => !isSteady);
    for (const { host, alike, within } of names) {
      const asked = prints.routed(host, port) ? callers : unsteady;
      for (const group of grouped(asked, host, alike[0]!, within, views)) {
        const { ways, hosts, wholes } = group;
        const address: Address = { kind: "destination", host };
        const isNamed = hosts.some((one) => one !== undefined);
        const isWhole = wholes.some(Boolean);
        // Where no view reads HTTP, whole connections are one lane whatever they name.
        if (!isNamed && (!isWhole || alike[0] !== host)) continue;
        const lane: Lane = {
          port,
          to: isWhole || ways.some(isStraight) ? laneAddresses([address]) : "any",
          names: isNamed ? { kind: "named", host, names: alike } : { kind: "any" },
        };
        for (const { caller, identity: proven } of group.callers)
          yield* ifAny(lane, caller, views, ({ decided }, index) =>
            wholes[index] === true
              ? decided.decisions.whole(proven, host, port)
              : hosts[index] === undefined
                ? sent(decided, ways[index]!, address, port)
                : decided.decisions.routed(proven, hosts[index], port),
          );
      }
    }
  }
}

/** Everybody whose own proxy looks at what is sent to a port. */
const reachingAt = (
  port: number,
  views: readonly View[],
  diagrams: Diagrams,
  steady: ReadonlySet<Caller>,
): readonly Reaching[] => {
  const kept = views.map(() => new Map<Reach, Unknown>());
  return views[0]!.decided.mesh.workloads.flatMap(({ id, namespace, identity, proxy }): readonly Reaching[] => {
    if (proxy !== "sidecar") return [];
    const reaches = views.map(({ decided }) => decided.callers.reach(id, port));
    if (reaches.some(({ kind }) => kind === "direct")) return [];
    const ways = reaches.map((reach, index) => {
      const known = kept[index]!.get(reach) ?? unknownWay(views[index]!.decided, reach, diagrams);
      kept[index]!.set(reach, known);
      return known;
    });
    return [
      { caller: id, namespace, identity, reaches: reaches as readonly ProxiedReach[], ways, isSteady: steady.has(id) },
    ];
  });
};

/** Callers who fare alike in every view, one for all of them: the same destinations, let in by the same rules. */
const grouped = (
  callers: readonly Reaching[],
  host: Host,
  name: string,
  within: string | undefined,
  views: readonly View[],
) => {
  const groups = new Map<
    string,
    {
      readonly ways: readonly Unknown[];
      readonly hosts: readonly (Host | undefined)[];
      readonly wholes: readonly boolean[];
      readonly callers: Reaching[];
    }
  >();
  const named = new Map<string, ReadonlySet<string>>();
  for (const reaching of callers) {
    const { namespace, identity, reaches, ways } = reaching;
    if (within !== undefined && namespace !== within) continue;
    const hosts = reaches.map((reach) => reach.named.get(name));
    const wholes = reaches.map((reach) => reach.whole.has(host));
    if (hosts.every((one) => one === undefined) && !wholes.includes(true)) continue;
    const led = hosts.join(" ");
    let exact = named.get(led);
    if (exact === undefined)
      named.set(led, (exact = namedExactly([host, ...hosts.flatMap((one) => one ?? [])], views)));
    const who = exact.has(identity) ? identity : directoryOf(identity);
    const key = `${led}|${wholes.join()}|${ways.join()}|${who}`;
    if (!groups.has(key)) groups.set(key, { ways, hosts, wholes, callers: [reaching] });
  }
  return [...groups.values()];
};

/** A rule names an identity, or all that begin with something that ends in `/`. */
const directoryOf = (identity: string): string => identity.slice(0, identity.lastIndexOf("/") + 1);

/** Identities that some rule of whatever stands behind destinations names by itself. */
const namedExactly = (hosts: readonly Host[], views: readonly View[]): ReadonlySet<string> => {
  const found = new Set<string>();
  for (const mesh of meshesOf(views)) {
    const { destination, workload, authorizations } = lookup(mesh);
    const led = new Set(
      hosts.flatMap((host) => [
        host,
        ...(destination(host)?.ports.flatMap(({ routes }) =>
          routes.flatMap(({ backends }) => backends.map((one) => one.host)),
        ) ?? []),
      ]),
    );
    for (const id of new Set([...led].flatMap((host) => destination(host)?.workloads ?? []))) {
      const callee = workload(id);
      for (const { rules } of callee === undefined ? [] : authorizations(callee))
        for (const { from } of rules)
          if (typeof from !== "string") for (const { kind, id: named } of from) if (kind === "exact") found.add(named);
    }
  }
  return found;
};

/** Callers whose proxies know the same destinations in all views. */
const steadyCallers = (views: readonly View[]): ReadonlySet<Caller> => {
  const meshes = [...new Set(views.map(({ decided }) => decided.mesh))];
  const [first] = meshes;
  const offered = (mesh: Mesh): string =>
    JSON.stringify(
      mesh.destinations.map(({ host, ports }) => [host, ports.map(({ number, protocol }) => [number, protocol])]),
    );
  if (new Set(meshes.map(offered)).size > 1) return new Set();
  const known = meshes.map((mesh) => {
    const texts = new Map(mesh.scopes.map((scope) => [scope, scope.hosts.join()]));
    return (id: string): string | undefined => {
      const scope = lookup(mesh).scope(id);
      return scope && texts.get(scope);
    };
  });
  return new Set(first!.workloads.map(({ id }) => id).filter((id) => new Set(known.map((of) => of(id))).size === 1));
};

/** Names that lead alike for whoever knows them: all of a destination's that are no other's. */
const namesOfAll = (views: readonly View[]) => {
  const owners = new Map<string, Set<Host>>();
  const all = new Map<
    Host,
    { readonly namespace: string; readonly anywhere: readonly string[]; readonly near: readonly string[] }
  >();
  for (const { destinations } of meshesOf(views))
    for (const { host, namespace, aliases } of destinations) {
      const own = { namespace, anywhere: [host, ...aliases.anywhere], near: aliases.sameNamespace };
      for (const name of [...own.anywhere, ...own.near])
        owners.set(name, (owners.get(name) ?? new Set<Host>()).add(host));
      all.set(host, own);
    }
  const isOwn = (name: string): boolean => owners.get(name)!.size === 1;
  return [...all].flatMap(([host, { namespace, anywhere, near }]) => [
    { host, alike: [host, ...anywhere.filter((name) => name !== host && isOwn(name))], within: undefined },
    ...(near.some(isOwn) ? [{ host, alike: near.filter(isOwn), within: namespace }] : []),
    ...[...anywhere, ...near]
      .filter((name) => name !== host && !isOwn(name))
      .map((name) => ({ host, alike: [name], within: undefined })),
  ]);
};

/** What is sent straight to addresses by whoever has no proxy, or whose proxy leaves the port alone. */
function* direct(views: readonly View[], prints: Prints): Generator<MeantCalls> {
  const meshes = meshesOf(views);
  const dialled = new Map<string, readonly [Address, number]>();
  for (const { destinations, workloads } of meshes) {
    for (const { host, ports } of destinations)
      if (prints.forwarded(host))
        for (const { number } of ports) dialled.set(`${host}. ${number}`, [{ kind: "destination", host }, number]);
    for (const { id, ports } of workloads)
      if (prints.arrived(id))
        for (const { number } of ports) dialled.set(`${id} ${number}`, [{ kind: "workload", workload: id }, number]);
  }
  // Who has no proxy proves nothing, and so is one to everybody.
  for (const [address, port] of dialled.values()) {
    const lane: Lane = { port, to: laneAddresses([address]), names: { kind: "any" } };
    yield* ifAny(lane, "outside", views, ({ decided }) => decided.decisions.direct(address, port));
  }
}

/** What gateways send on, as callers of their own: whatever let a request in. */
function* fromGateways(views: readonly View[], prints: Prints): Generator<MeantCalls> {
  for (const { id, proxy } of views[0]!.decided.mesh.workloads) {
    if (proxy !== "gateway" || !prints.arrived(id)) continue;
    const listeners = views.map(({ decided }) => lookup(decided.mesh).gateway(id)?.listeners ?? []);
    const hosts = new Map(
      listeners.flatMap((all) =>
        all.flatMap(({ port, virtualHosts }) =>
          virtualHosts.map(({ host }) => [`${port} ${host}`, { port, host }] as const),
        ),
      ),
    );
    for (const { port, host } of hosts.values()) {
      const lane: Lane = { port, to: "any", names: { kind: "named", host, names: [host] } };
      yield* ifAny(lane, id, views, ({ decided }, index) => {
        const { workload } = lookup(decided.mesh);
        const routes = listeners[index]!.find((one) => one.port === port)?.virtualHosts.find(
          (one) => one.host === host,
        )?.routes;
        return routes === undefined
          ? decided.decisions.refused("unknown-host")
          : decided.decisions.onward(workload(id)!, routes);
      });
    }
  }
}

function* ifAny(
  lane: Lane,
  caller: Caller,
  views: readonly View[],
  meaning: (view: View, index: number) => Diagram<Effects>,
): Generator<MeantCalls> {
  const meanings = views.map(meaning);
  if (meanings.some((one) => one !== meanings[0])) yield { lane, caller, meanings };
}
