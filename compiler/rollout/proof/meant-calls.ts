import { lookup } from "../../../lib/model/lookup.ts";
import type { Address } from "../../../lib/model/call.ts";
import type { Host } from "../../../lib/model/mesh.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import type { Diagram, Diagrams } from "../../../lib/requests/diagrams.ts";
import { addressKey, laneAddresses, type Lane } from "../../diff/exact/lane.ts";
import { calledPorts } from "../../diff/exact/ports.ts";
import { isStraight, sent, type Caller } from "../../diff/exact/ways.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { printsOf, type KnownPrints, type Prints } from "./prints.ts";
import { reachingAt } from "./reaching.ts";
import { meshesOf, type View } from "./view.ts";

/** Calls that somebody means to make, and what becomes of them in each view, in the order of the views. */
export interface MeantCalls {
  readonly lane: Lane;
  readonly caller: Caller;
  readonly meanings: readonly Diagram<Effects>[];
}

/** What was worked out for some views and holds for others, of the same diagrams. */
export interface Memory {
  readonly prints: KnownPrints;
  readonly meanings: Map<string, Diagram<Effects>>;
}

/**
 * Every way of calling that people mean and that some view may treat otherwise than the first two, which are the ends: a destination by its name and at its address, and
 * whatever is dialled by who has no proxy. All views have the same workloads.
 */
export function* meantCalls(views: readonly View[], diagrams: Diagrams, memory: Memory): Generator<MeantCalls> {
  const prints = printsOf(views, memory.prints);
  yield* proxied(views, diagrams, prints, memory.meanings);
  yield* direct(views, prints, memory.meanings);
  yield* fromGateways(views, prints);
}

function* proxied(
  views: readonly View[],
  diagrams: Diagrams,
  prints: Prints,
  meanings: Memory["meanings"],
): Generator<MeantCalls> {
  const names = namesOfAll(views);
  const steady = steadyCallers(views);
  for (const port of calledPorts(...meshesOf(views))) {
    // Nobody means to call what nothing speaks of.
    if (typeof port !== "number") continue;
    const reaching = reachingAt(port, views, diagrams, steady);
    for (const { host, alike, within } of names) {
      const address: Address = { kind: "destination", host };
      for (const { caller, identity, who, hosts, wholes, ways } of reaching({
        ...{ host, name: alike[0]!, within },
        unsteady: !prints.routed(host, port),
      })) {
        const isNamed = hosts.some((one) => one !== undefined);
        const isWhole = wholes.some(Boolean);
        // Where no view reads HTTP, whole connections are one lane whatever they name.
        if (!isNamed && (!isWhole || alike[0] !== host)) continue;
        const lane: Lane = {
          port,
          to: isWhole || ways.some(isStraight) ? laneAddresses([address]) : "any",
          names: isNamed ? { kind: "named", host, names: alike } : { kind: "any" },
        };
        const keys = views.map((_, index) => {
          const led = wholes[index] === true ? undefined : hosts[index];
          const kind = prints.kinds(led ?? host, port)[index];
          if (led !== undefined) return `routed ${led} ${port} ${kind} ${who}`;
          return wholes[index] === true
            ? `whole ${host} ${port} ${kind} ${who}`
            : `sent ${ways[index]!} ${host} ${port} ${kind}`;
        });
        yield* ifBetween({ lane, caller, keys, views, meanings }, ({ decided }, index) => {
          const led = hosts[index];
          if (wholes[index] === true) return decided.decisions.whole(identity, host, port);
          return led === undefined
            ? sent(decided, ways[index]!, address, port)
            : decided.decisions.routed(identity, led, port);
        });
      }
    }
  }
}

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

type Dialled = Exclude<Address, { readonly kind: "elsewhere" }>;

/** What is sent straight to addresses by whoever has no proxy, or whose proxy leaves the port alone. */
function* direct(views: readonly View[], prints: Prints, meanings: Memory["meanings"]): Generator<MeantCalls> {
  const meshes = meshesOf(views);
  const dialled = new Map<string, readonly [Dialled, number]>();
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
    const kinds = address.kind === "workload" ? prints.arrivals(address.workload) : prints.kinds(address.host, port);
    const keys = kinds.map((kind) => `direct ${addressKey(address)} ${port} ${kind}`);
    yield* ifBetween({ lane, caller: "outside", keys, views, meanings }, ({ decided }) =>
      decided.decisions.direct(address, port),
    );
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

/** What has one key has one meaning; where whatever is between has an end's key, there is nothing to work out. */
function* ifBetween(
  of: {
    readonly lane: Lane;
    readonly caller: Caller;
    readonly keys: readonly string[];
    readonly views: readonly View[];
    readonly meanings: Memory["meanings"];
  },
  meaning: (view: View, index: number) => Diagram<Effects>,
): Generator<MeantCalls> {
  const { lane, caller, keys, views, meanings } = of;
  const [before, after, ...between] = keys;
  if (between.every((one) => one === before || one === after)) return;
  yield* ifAny(lane, caller, views, (view, index) => {
    const key = keys[index]!;
    const made = meanings.get(key) ?? meaning(view, index);
    meanings.set(key, made);
    return made;
  });
}

function* ifAny(
  lane: Lane,
  caller: Caller,
  views: readonly View[],
  meaning: (view: View, index: number) => Diagram<Effects>,
): Generator<MeantCalls> {
  const meanings = views.map(meaning);
  const [before, after, ...between] = meanings;
  if (between.some((one) => one !== before && one !== after)) yield { lane, caller, meanings };
}
