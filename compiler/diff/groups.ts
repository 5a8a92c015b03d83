import type { Host } from "../../lib/model/mesh.ts";
import { cover } from "../../lib/requests/cover.ts";
import type { Effects } from "../../lib/requests/decided/meanings.ts";
import type { Diagram } from "../../lib/requests/diagrams.ts";
import type { Space } from "../../lib/requests/space.ts";
import { aspects, type Aspect } from "./aspects.ts";
import type { ChangedSet, Risk } from "./change.ts";
import type { Difference } from "./exact/differences.ts";
import type { Lane } from "./exact/lane.ts";
import type { Caller } from "./exact/ways.ts";
import { someDelivered, type Naming } from "./words/outcomes.ts";
import { cubeData, fewListed, plainText, requestWords } from "./words/requests.ts";

/** Differences that are one change to whoever reviews it. */
export interface Group {
  readonly subject: string;
  /** The destination that callers name or dial; a workload dialled by itself has none. */
  readonly host: Host | undefined;
  readonly aspect: Aspect;
  readonly way: Way;
  readonly members: readonly Difference[];
}

/**
 * `named`: as callers mean to call. `plain`: straight to the address, by whoever has no proxy. `scope`: one revision's
 * proxies know the destination and the other's do not. `stray`: what nobody means to do, such as naming one service
 * and dialling another; it is told only where nothing else tells of it.
 */
export type Way = "named" | "plain" | "scope" | "stray";

export const groups = (differences: readonly Difference[], names: Naming): readonly Group[] => {
  const found = new Map<string, { -readonly [K in keyof Group]: Group[K] } & { members: Difference[] }>();
  for (const difference of differences) {
    const { lane } = difference;
    const { subject: called, host } = subjectOf(lane, names);
    const way = wayOf(difference, host);
    for (const aspect of aspects(difference.before, difference.after, host, names)) {
      // Who names what their proxies do not know is refused by somebody or other, wherever they dial.
      const subject = way === "stray" && aspect.kind === "answer" ? unknownNames : called;
      // Whether proxies know a destination is one change of scope, whatever it leads to, unless it opens or closes.
      const key = JSON.stringify([
        subject,
        way,
        aspect.kind,
        way === "scope" && aspect.kind !== "access" ? "" : aspect.title,
      ]);
      const known = found.get(key);
      if (known) {
        known.members.push(difference);
        known.aspect = { ...known.aspect, risks: [...new Set([...known.aspect.risks, ...aspect.risks])] };
      } else found.set(key, { subject, host, aspect, way, members: [difference] });
    }
  }
  const all = [...found.values()];
  const told = new Map<string, Set<Risk>>();
  for (const { way, subject, aspect } of all)
    if (way !== "stray") told.set(subject, new Set([...(told.get(subject) ?? []), ...aspect.risks]));
  // A gate must not miss what nobody means to do: others can.
  return all.filter(
    ({ way, subject, aspect }) =>
      way !== "stray" ||
      (aspect.risks.length === 0 ? !told.has(subject) : !told.get(subject)?.isSupersetOf(new Set(aspect.risks))),
  );
};

const unknownNames = "names that proxies do not know";

const subjectOf = (
  { to, names: named }: Lane,
  names: Naming,
): { readonly subject: string; readonly host: Host | undefined } => {
  if (named.kind === "named") return { subject: names.place(named.host), host: named.host };
  if (to === "any" || to.sample.kind === "elsewhere") return { subject: unknownNames, host: undefined };
  if (to.sample.kind === "destination") return { subject: names.place(to.sample.host), host: to.sample.host };
  return { subject: names.servedBy(to.sample.workload), host: undefined };
};

const wayOf = ({ lane, before, after, callers }: Difference, host: Host | undefined): Way => {
  const { to, names } = lane;
  const isOwn = to === "any" || (to.sample.kind === "destination" && to.sample.host === host);
  if (names.kind === "named") {
    const unknown = [before, after].some((meaning) => isUnknown(meaning));
    if (to === "any" && !unknown) return "named";
    return isOwn ? "scope" : "stray";
  }
  if (names.kind === "any")
    return callers.every((caller) => caller === "outside") || isPlain(before, after) ? "plain" : "named";
  return "stray";
};

/** Answered by the caller's own proxy, which does not know the name, or sent as dialled. */
const isUnknown = (meaning: Effects): boolean =>
  meaning.every(({ ends }) =>
    ends.every(
      ({ outcome }) =>
        (outcome.kind === "answered" && outcome.body === "own" && outcome.by === "caller" && outcome.status === 502) ||
        (outcome.kind === "closed" && outcome.by === "caller") ||
        (outcome.kind === "delivered" && outcome.to === "as-dialled"),
    ),
  );

const isPlain = (...meanings: readonly Effects[]): boolean =>
  meanings.every((meaning) =>
    meaning.every(({ ends }) =>
      ends.every(({ outcome }) => outcome.kind !== "delivered" || outcome.to === "as-dialled"),
    ),
  );

/** Whose requests and which, in as few words as are true. */
export const changedSets = (
  { members, aspect, way, subject }: Group,
  space: Space,
  names: Naming,
  who: (callers: readonly Caller[]) => string,
): readonly ChangedSet[] => {
  const lanes = new Map<string, { callers: readonly Caller[]; set: Diagram; most: Diagram }>();
  const { diagrams } = space;
  for (const member of members) {
    const { lane, callers, set, hosts, compared } = member;
    const indifferent =
      aspect.kind === "access"
        ? diagrams.no
        : diagrams.combined(compared.before, compared.after, (a, b) => a === b && !someDelivered(a));
    const connections = lane.names.kind === "named" ? diagrams.test({ of: "connection" }) : diagrams.no;
    const key = JSON.stringify([laneKey(lane), callers]);
    const known = lanes.get(key) ?? { callers, set: diagrams.no, most: diagrams.no };
    lanes.set(key, {
      callers,
      set: diagrams.or(known.set, set),
      most: diagrams.or(known.most, set, indifferent, connections, space.impossible(set, hosts)),
    });
  }
  // What several lanes have in common is said once.
  const byWords = new Map<string, { callers: Set<Caller>; requests: readonly string[]; tests: ChangedSet["tests"] }>();
  for (const { callers, set, most } of lanes.values()) {
    const least = diagrams.and(set, most);
    const cubes = cover(least, diagrams.or(most, space.impossible(least)), diagrams);
    const requests = requestWords(cubes);
    const key = JSON.stringify(requests);
    const known = byWords.get(key) ?? { callers: new Set<Caller>(), requests, tests: cubes.map(cubeData) };
    for (const caller of callers) known.callers.add(caller);
    byWords.set(key, known);
  }
  return [...byWords.values()].map(({ callers, requests, tests }) => {
    const sorted = [...callers].sort();
    const from = [...new Set(sorted.map((caller) => shortName(names.caller(caller), subject)))].sort();
    return { callers: sorted, who: way === "plain" ? plainText : who(sorted), from, requests, tests };
  });
};

const laneKey = ({ port, names }: Lane): unknown => [port, names.kind === "named" ? names.host : names.kind];

/** "everyone who may", or by name: at most six of them. */
export const callerWords = (
  callers: readonly Caller[],
  all: readonly Caller[],
  names: Naming,
  near: string,
): string => {
  if (all.length > 1 && all.every((caller) => callers.includes(caller))) return "everyone";
  const said = [...new Set(callers.map((caller) => shortName(names.caller(caller), near)))].sort();
  return fewListed(said);
};

/** Without the namespace that goes without saying. */
export const shortName = (name: string, near: string): string => {
  const [namespace] = near.split("/");
  return near.includes("/") && name.startsWith(`${namespace!}/`) ? name.slice(namespace!.length + 1) : name;
};
