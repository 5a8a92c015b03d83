import { normalizedTarget } from "../../../lib/model/normalized-path.ts";
import type { Call, HttpRequest } from "../../../lib/model/call.ts";
import type { Effects } from "../../../lib/requests/decided/meanings.ts";
import type { Diagram } from "../../../lib/requests/diagrams.ts";
import { hostOfRequest } from "../../../lib/requests/request-test.ts";
import type { Space } from "../../../lib/requests/space.ts";
import { anyHost, type Hosts } from "../../../lib/requests/string-regions.ts";
import { coinciding } from "./coinciding.ts";
import { addressKey, portNumber, type Lane } from "./lane.ts";
import { comparedLanes, type ComparedLane, type Revisions } from "./lanes.ts";
import type { Caller } from "./ways.ts";

/** A set of calls that all fared alike before, fare alike now, and not as they did before. */
export interface Difference {
  readonly lane: Lane;
  readonly callers: readonly Caller[];
  readonly before: Effects;
  readonly after: Effects;
  /** Which requests; never empty. */
  readonly set: Diagram;
  readonly hosts: Hosts;
  /** All that happens on its lane: its words may be wider where nothing else would become wrong. */
  readonly compared: ComparedLane;
}

/** Every call that two revisions decide differently, and no other. */
export const differences = (revisions: Revisions, space: Space): readonly Difference[] =>
  comparedLanes(revisions).flatMap((compared) => laneDifferences(compared, space));

/** Those of one lane. */
export const laneDifferences = (compared: ComparedLane, space: Space): readonly Difference[] => {
  const { diagrams } = space;
  const { lane, callers, before, after } = compared;
  const hosts = lane.names.kind === "named" ? { only: lane.names.names } : anyHost;
  // What has one of a destination's names is HTTP.
  const asked = lane.names.kind === "named" ? diagrams.not(diagrams.test({ of: "connection" })) : diagrams.yes;
  const pairs = diagrams.combined(before, after, (a, b): readonly [Effects, Effects] | false =>
    a === b ? false : [a, b],
  );
  return diagrams.regions(pairs).flatMap(({ value, set }) => {
    if (value === false) return [];
    const [from, into] = value;
    const differing = diagrams.and(set, asked, diagrams.not(coinciding(from, into, diagrams)));
    const inhabited = space.inhabited(differing, hosts);
    return inhabited === diagrams.no
      ? []
      : [{ lane, callers, before: from, after: into, set: inhabited, hosts, compared }];
  });
};

/** One call of a difference that shows it, from its first caller. */
export const witness = (
  { lane, callers, set, hosts }: Pick<Difference, "lane" | "callers" | "set" | "hosts">,
  space: Space,
  from = callers[0]!,
): Call => {
  const request = space.witness(set, hosts);
  if (request === undefined) throw new Error("a difference has a request");
  return {
    from,
    to: addressOf(lane),
    port: portNumber(lane.port),
    request,
  };
};

const addressOf = ({ to, names }: Lane): Call["to"] =>
  to === "any"
    ? names.kind === "named"
      ? { kind: "destination", host: names.host }
      : { kind: "elsewhere" }
    : to.sample;

/** Whether a call is in one of the sets. */
export const isAmong = (
  call: Call,
  {
    differences: all,
    revisions,
    space,
  }: { readonly differences: readonly Difference[]; readonly revisions: Revisions; readonly space: Space },
): boolean => {
  const { from, to, port } = call;
  const reaches = [revisions.before.callers.reach(from, port), revisions.after.callers.reach(from, port)];
  const name = call.request === "connection" ? undefined : hostOfRequest(call.request);
  const isKnown = name !== undefined && reaches.some((reach) => reach.kind === "proxied" && reach.named.has(name));
  const isWhole =
    to.kind === "destination" && reaches.some((reach) => reach.kind === "proxied" && reach.whole.has(to.host));
  const request = normalRequest(call.request, space);
  return all.some(({ lane, callers, set }) => {
    const samePort = typeof lane.port === "number" ? lane.port === port : !lane.port.otherThan.includes(port);
    if (!samePort || !callers.includes(from)) return false;
    if (lane.names.kind === "named" && (name === undefined || !lane.names.names.includes(name))) return false;
    if (lane.names.kind === "unknown" && isKnown) return false;
    return (lane.to === "any" ? !isWhole : lane.to.keys.has(addressKey(to))) && space.has(set, request);
  });
};

const normalRequest = (request: HttpRequest | "connection", space: Space): HttpRequest | "connection" =>
  request === "connection" ? request : { ...request, target: normalizedTarget(request.target, space.normalization) };
