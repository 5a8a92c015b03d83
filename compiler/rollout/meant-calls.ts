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
import { identity, isStraight, known, named, sent, unknownWay, type Caller, type Unknown } from "../diff/exact/ways.ts";
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

/** Callers whose proxies do the same with a port in each of the views. */
const callerGroups = (views: readonly View[], port: number) => {
  const groups = new Map<string, { readonly reaches: readonly Reach[]; readonly callers: Caller[] }>();
  const ids = new Map<Reach | string, number>();
  const idOf = (reach: Reach): number => {
    const key = reach.kind === "direct" ? "direct" : reach;
    const found = ids.get(key) ?? ids.size;
    ids.set(key, found);
    return found;
  };
  const { workloads } = views[0]!.decided.mesh;
  const callers: readonly Caller[] = [
    "outside",
    ...workloads.filter(({ proxy }) => proxy !== "gateway").map(({ id }) => id),
  ];
  for (const caller of callers) {
    const reaches = views.map(({ decided }) => decided.callers.reach(caller, port));
    const key = reaches.map(idOf).join();
    const group = groups.get(key);
    if (group) group.callers.push(caller);
    else groups.set(key, { reaches, callers: [caller] });
  }
  return [...groups.values()];
};

function* proxied(views: readonly View[], diagrams: Diagrams, prints: Prints): Generator<MeantCalls> {
  for (const lanePort of calledPorts(...meshesOf(views))) {
    // Nobody means to call what nothing speaks of.
    if (typeof lanePort !== "number") continue;
    const port = lanePort;
    for (const { reaches, callers } of callerGroups(views, port)) {
      const reached = reaches.map(known);
      const ways = views.map(({ decided }, index) => unknownWay(decided, reaches[index]!, diagrams));
      for (const { names, hosts } of namesAlike(reached)) {
        const [first] = hosts;
        if (hosts.every((host) => host === first && host !== undefined) && !prints.routed(first!, port)) continue;
        const host = hosts.find((one) => one !== undefined)!;
        const address: Address = { kind: "destination", host };
        const to = ways.some(isStraight) ? laneAddresses([address]) : ("any" as const);
        const lane: Lane = { port, to, names: { kind: "named", host, names } };
        for (const caller of callers)
          yield* ifAny(lane, caller, views, ({ decided }, index) =>
            reached[index]!.whole.has(host)
              ? decided.decisions.whole(identity(decided.mesh, caller), host, port)
              : named(decided, caller, hosts[index], ways[index]!, address, port),
          );
      }
      yield* whole(views, { reached, ways, callers, port }, prints);
    }
  }
}

function* whole(
  views: readonly View[],
  group: {
    readonly reached: readonly ProxiedReach[];
    readonly ways: readonly Unknown[];
    readonly callers: readonly Caller[];
    readonly port: number;
  },
  prints: Prints,
): Generator<MeantCalls> {
  const { reached, ways, callers, port } = group;
  for (const host of new Set(reached.flatMap((one) => [...one.whole]))) {
    // By name, where a view reads HTTP there: above.
    if (reached.some((one) => one.named.has(host))) continue;
    if (reached.every((one) => one.whole.has(host)) && !prints.forwarded(host)) continue;
    const address: Address = { kind: "destination", host };
    const lane: Lane = { port, to: laneAddresses([address]), names: { kind: "any" } };
    for (const caller of callers)
      yield* ifAny(lane, caller, views, ({ decided }, index) =>
        reached[index]!.whole.has(host)
          ? decided.decisions.whole(identity(decided.mesh, caller), host, port)
          : sent(decided, ways[index]!, address, port),
      );
  }
}

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
  for (const [address, port] of dialled.values())
    for (const { reaches, callers } of callerGroups(views, port)) {
      if (reaches.some(({ kind }) => kind !== "direct")) continue;
      const lane: Lane = { port, to: laneAddresses([address]), names: { kind: "any" } };
      // They prove nothing, and so are one to everybody.
      yield* ifAny(lane, callers[0]!, views, ({ decided }) => decided.decisions.direct(address, port));
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

/** Every name that some view knows, with what it leads to in each; those that lead to the same together. */
const namesAlike = (reached: readonly ProxiedReach[]) => {
  const alike = new Map<string, { readonly names: string[]; readonly hosts: readonly (Host | undefined)[] }>();
  for (const name of new Set(reached.flatMap((one) => [...one.named.keys()]))) {
    const hosts = reached.map((one) => one.named.get(name));
    const key = hosts.map((host) => host ?? "").join(" ");
    const found = alike.get(key);
    if (found) found.names.push(name);
    else alike.set(key, { names: [name], hosts });
  }
  return [...alike.values()];
};
