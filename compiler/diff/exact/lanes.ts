import { lookup } from "../../../lib/model/lookup.ts";
import type { Address } from "../../../lib/model/call.ts";
import type { Host } from "../../../lib/model/mesh.ts";
import type { Decided } from "../../../lib/requests/decided/decided.ts";
import type { ProxiedReach, Reach } from "../../../lib/requests/decided/reach.ts";
import type { Diagram, Diagrams } from "../../../lib/requests/diagrams.ts";
import { Fingerprints } from "./fingerprints.ts";
import { calledPorts, workloadPorts } from "./ports.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import { addressKey, laneAddresses, portNumber, type Lane, type LanePort } from "./lane.ts";
import { identity, isStraight, known, named, sent, unknownWay, type Caller, type Unknown } from "./ways.ts";

/** A lane, and what the two revisions do with its calls: different functions, which may still agree on all calls there are. */
export interface ComparedLane {
  readonly lane: Lane;
  readonly callers: readonly Caller[];
  readonly before: Diagram<Effects>;
  readonly after: Diagram<Effects>;
  /** What happens to a caller's calls while its own proxy already holds a revision that the callee's does not. */
  readonly mixed: (
    caller: Caller,
    views: MixedViews,
  ) => readonly [callerIsOld: Diagram<Effects>, callerIsNew: Diagram<Effects>];
}

export interface MixedViews {
  readonly callerIsOld: Decided;
  readonly callerIsNew: Decided;
}

/** Both revisions, and what is known of them. */
export interface Revisions {
  readonly before: Decided;
  readonly after: Decided;
  readonly diagrams: Diagrams;
}

/** Every lane on which two revisions may differ, callers that they treat alike together. */
export const comparedLanes = (revisions: Revisions): readonly ComparedLane[] => {
  const lanes = new Lanes(revisions);
  const prints = { before: new Fingerprints(revisions.before.mesh), after: new Fingerprints(revisions.after.mesh) };
  proxiedLanes(revisions, prints, lanes);
  directLanes(revisions, prints, lanes);
  return lanes.all();
};

interface Prints {
  readonly before: Fingerprints;
  readonly after: Fingerprints;
}

/** What one of the views does with a lane's calls. */
type Side = (decided: Decided) => Diagram<Effects>;

class Lanes {
  readonly #revisions: Revisions;
  readonly #lanes = new Map<
    string,
    Omit<ComparedLane, "mixed"> & { readonly sides: Map<Caller, readonly [Side, Side]> }
  >();

  constructor(revisions: Revisions) {
    this.#revisions = revisions;
  }

  add(lane: Lane, caller: Caller, from: Side, into: Side): void {
    const [before, after] = [from(this.#revisions.before), into(this.#revisions.after)];
    if (before === after) return;
    const key = `${laneKey(lane)} ${before} ${after}`;
    const known = this.#lanes.get(key) ?? { lane, callers: [], before, after, sides: new Map() };
    this.#lanes.set(key, known);
    known.sides.set(caller, [from, into]);
  }

  all(): readonly ComparedLane[] {
    return [...this.#lanes.values()].map(({ lane, before, after, sides }) => ({
      lane,
      before,
      after,
      callers: [...sides.keys()],
      mixed: (caller, { callerIsOld, callerIsNew }) => {
        const [from, into] = sides.get(caller)!;
        return [from(callerIsOld), into(callerIsNew)];
      },
    }));
  }
}

/** Few lanes have many addresses, and of those the first and the number tell which they are. */
const laneKey = ({ port, to, names }: Lane): string =>
  JSON.stringify([port, to === "any" ? to : [to.sample, to.keys.size], names]);

/** Callers of both revisions whose proxies do the same with a port: it is worked out once for all of them. */
const callerGroups = (revisions: Revisions, port: number) => {
  const groups = new Map<
    Reach | string,
    Map<Reach | string, { reaches: readonly [Reach, Reach]; callers: Caller[] }>
  >();
  for (const caller of commonCallers(revisions)) {
    const [a, b] = [revisions.before.callers.reach(caller, port), revisions.after.callers.reach(caller, port)];
    // Who goes straight to addresses does so for any reason.
    const [left, right] = [a.kind === "direct" ? "direct" : a, b.kind === "direct" ? "direct" : b];
    let inner = groups.get(left);
    if (inner === undefined) groups.set(left, (inner = new Map()));
    const group = inner.get(right);
    if (group) group.callers.push(caller);
    else inner.set(right, { reaches: [a, b], callers: [caller] });
  }
  return [...groups.values()].flatMap((inner) => [...inner.values()]);
};

/** Whoever calls in both revisions. A gateway does not: it sends on what others call, which is compared as theirs. */
export const commonCallers = ({ before, after }: Revisions): readonly Caller[] => [
  "outside",
  ...after.mesh.workloads.flatMap(({ id, proxy }) => {
    const old = lookup(before.mesh).workload(id);
    return old === undefined || old.proxy === "gateway" || proxy === "gateway" ? [] : [id];
  }),
];

const proxiedLanes = (revisions: Revisions, prints: Prints, lanes: Lanes): void => {
  const { before, after } = revisions;
  const addresses = addressesAlike(revisions);
  // Callees know callers by who they prove to be.
  const isRenamed = (caller: Caller): boolean =>
    lookup(before.mesh).workload(caller)?.identity !== lookup(after.mesh).workload(caller)?.identity;
  for (const lanePort of calledPorts(before.mesh, after.mesh)) {
    const port = portNumber(lanePort);
    const isChanged = kept((host: Host) => prints.before.routed(host, port) !== prints.after.routed(host, port));
    for (const { reaches, callers } of callerGroups(revisions, port)) {
      const [left, right] = [known(reaches[0]), known(reaches[1])];
      const isWhole = (address: Address): boolean =>
        address.kind === "destination" && (left.whole.has(address.host) || right.whole.has(address.host));
      const unknown = [
        unknownWay(before, reaches[0], revisions.diagrams),
        unknownWay(after, reaches[1], revisions.diagrams),
      ] as const;
      for (const [names, from, into] of namePairs(left, right)) {
        const asked = from === into && from !== undefined && !isChanged(from) ? callers.filter(isRenamed) : callers;
        if (asked.length === 0) continue;
        const host = (into ?? from)!;
        const straight =
          from === undefined && isStraight(unknown[0])
            ? before
            : into === undefined && isStraight(unknown[1])
              ? after
              : undefined;
        for (const to of straight
          ? addresses(straight, { kind: "destination", host }, port, isWhole)
          : ["any" as const]) {
          const address: Address = to === "any" ? { kind: "destination", host } : to.sample;
          for (const caller of asked)
            lanes.add(
              { port, to, names: { kind: "named", host, names } },
              caller,
              (decided) => named(decided, caller, from, unknown[0], address, port),
              (decided) => named(decided, caller, into, unknown[1], address, port),
            );
        }
      }
      const sides = unknown.map(isStraight);
      const straight = [before, after].find((_, index) => sides[index]);
      // Alike straight to addresses in both: `directLanes`.
      if (!sides[0] || !sides[1] || unknown[0] !== unknown[1])
        for (const to of straight
          ? addresses(straight, { kind: "elsewhere" }, port, isWhole, sides[0] && sides[1])
          : ["any" as const]) {
          const address: Address = to === "any" ? { kind: "elsewhere" } : to.sample;
          const lane: Lane = { port: lanePort, to, names: { kind: "unknown" } };
          for (const caller of callers)
            lanes.add(
              lane,
              caller,
              (decided) => sent(decided, unknown[0], address, port),
              (decided) => sent(decided, unknown[1], address, port),
            );
        }
      wholeLanes({ left, right, unknown, callers, port, isChanged, isRenamed }, lanes);
    }
  }
};

/** Destinations whose connections are forwarded whole, by address; where only one revision does so the other asks for names. */
const wholeLanes = (
  group: {
    readonly left: ProxiedReach;
    readonly right: ProxiedReach;
    readonly unknown: readonly [Unknown, Unknown];
    readonly callers: readonly Caller[];
    readonly port: number;
    readonly isChanged: (host: Host) => boolean;
    readonly isRenamed: (caller: Caller) => boolean;
  },
  lanes: Lanes,
): void => {
  const { left, right, unknown, callers, port, isChanged, isRenamed } = group;
  for (const host of new Set([...left.whole, ...right.whole])) {
    const inBoth = left.whole.has(host) && right.whole.has(host);
    const asked = inBoth && !isChanged(host) ? callers.filter(isRenamed) : callers;
    const address: Address = { kind: "destination", host };
    const to = laneAddresses([address]);
    const side =
      (reach: ProxiedReach, otherwise: Unknown, caller: Caller, name?: Host): Side =>
      (decided) =>
        reach.whole.has(host)
          ? decided.decisions.whole(identity(decided.mesh, caller), host, port)
          : named(decided, caller, name, otherwise, address, port);
    const names = inBoth ? [] : namePairs(left, right);
    for (const caller of asked) {
      for (const [of, from, into] of names)
        lanes.add(
          { port, to, names: { kind: "named", host: (into ?? from)!, names: of } },
          caller,
          side(left, unknown[0], caller, from),
          side(right, unknown[1], caller, into),
        );
      lanes.add(
        { port, to, names: { kind: inBoth ? "any" : "unknown" } },
        caller,
        side(left, unknown[0], caller),
        side(right, unknown[1], caller),
      );
    }
  }
};

/**
 * All addresses, for where one revision goes straight to them and the other does not: `first` by itself, then the others,
 * those together whose callees refuse the same; or `each` by itself, where both go straight to them, but not alike. What arrives one way never equals what arrives the other.
 */
const addressesAlike = ({ before, after, diagrams }: Revisions) => {
  const every: readonly Address[] = [
    { kind: "elsewhere" },
    ...[...new Set([before, after].flatMap(({ mesh }) => mesh.destinations.map(({ host }) => host)))].map(
      (host): Address => ({ kind: "destination", host }),
    ),
    ...after.mesh.workloads
      .filter(({ id }) => lookup(before.mesh).workload(id))
      .map(({ id }): Address => ({ kind: "workload", workload: id })),
  ];
  const refusals = (decided: Decided, address: Address, port: number): Diagram<Effects | true> =>
    diagrams.mapped(decided.decisions.passed(address, port), (meaning) =>
      meaning.some(({ ends }) => ends.some(({ outcome }) => outcome.kind === "delivered")) ? true : meaning,
    );
  const classes = kept((port: number) =>
    kept((decided: Decided) => {
      const alike = new Map<Diagram<Effects | true>, Address[]>();
      for (const address of every) {
        const refused = refusals(decided, address, port);
        const known = alike.get(refused);
        if (known) known.push(address);
        else alike.set(refused, [address]);
      }
      return [...alike.values()];
    }),
  );
  return (decided: Decided, first: Address, port: number, isWhole: (address: Address) => boolean, each = false) => {
    const classed = each ? every.map((address) => [address]) : classes(port)(decided);
    const others = classed.flatMap((alike) => {
      const [sample, ...rest] = alike.filter(
        (address) => addressKey(address) !== addressKey(first) && !isWhole(address),
      );
      return sample === undefined ? [] : [laneAddresses([sample, ...rest])];
    });
    return isWhole(first) ? others : [laneAddresses([first]), ...others];
  };
};

/** Every name that either revision knows, by what it leads to. */
const namePairs = (
  left: ProxiedReach,
  right: ProxiedReach,
): readonly (readonly [names: readonly string[], before: Host | undefined, after: Host | undefined])[] => {
  if (left === right && left.named.size === 0) return [];
  const pairs = new Map<string, [string[], Host | undefined, Host | undefined]>();
  for (const name of new Set([...left.named.keys(), ...right.named.keys()])) {
    const [before, after] = [left.named.get(name), right.named.get(name)];
    const key = `${before ?? ""} ${after ?? ""}`;
    const found = pairs.get(key);
    if (found) found[0].push(name);
    else pairs.set(key, [[name], before, after]);
  }
  return [...pairs.values()];
};

/** What is sent straight to an address, by whoever does so in both revisions alike. */
const directLanes = (revisions: Revisions, prints: Prints, lanes: Lanes): void => {
  const { before, after } = revisions;
  const groups = kept((port: number) => callerGroups(revisions, port));
  const compare = (address: Address, port: LanePort): void => {
    const number = portNumber(port);
    const isWhole = (reach: Reach): boolean =>
      address.kind === "destination" && reach.kind === "proxied" && reach.whole.has(address.host);
    const to = laneAddresses([address]);
    for (const { reaches, callers } of groups(number)) {
      const unknown = unknownWay(before, reaches[0], revisions.diagrams);
      if (
        !isStraight(unknown) ||
        unknown !== unknownWay(after, reaches[1], revisions.diagrams) ||
        reaches.some(isWhole)
      )
        continue;
      const isNaked = reaches.every(({ kind }) => kind === "direct");
      const lane: Lane = { port, to, names: { kind: isNaked ? "any" : "unknown" } };
      const side: Side = (decided) => sent(decided, unknown, address, number);
      for (const caller of callers) lanes.add(lane, caller, side, side);
    }
  };
  for (const { id } of after.mesh.workloads) {
    if (!lookup(before.mesh).workload(id) || prints.before.arrived(id) === prints.after.arrived(id)) continue;
    for (const port of workloadPorts(id, before.mesh, after.mesh)) compare({ kind: "workload", workload: id }, port);
  }
  const hosts = new Set([before, after].flatMap(({ mesh }) => mesh.destinations.map(({ host }) => host)));
  for (const host of hosts) {
    if (prints.before.forwarded(host) === prints.after.forwarded(host)) continue;
    const ports = [before, after].flatMap(({ mesh }) =>
      (lookup(mesh).destination(host)?.ports ?? []).map(({ number }) => number),
    );
    for (const port of new Set(ports)) compare({ kind: "destination", host }, port);
  }
};

const kept = <K, V>(make: (key: K) => V): ((key: K) => V) => {
  const values = new Map<K, V>();
  return (key) => {
    if (!values.has(key)) values.set(key, make(key));
    return values.get(key)!;
  };
};
