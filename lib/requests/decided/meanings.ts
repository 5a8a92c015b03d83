import type { WorkloadId } from "../../graph/graph.ts";
import { one, product, type Fraction } from "../../model/fraction.ts";
import { effectsOf, followedBy, linesByName, noEffects, type HeaderEffects } from "../../model/header-effects.ts";
import {
  canonicalMeaning,
  deliveredRequest,
  type DeliveredRequest,
  type Meaning,
  type Answerer,
  type MeantEnd,
  type MeantOutcome,
} from "../../model/decide/meaning.ts";
import type { AnswerBody } from "../../model/decide/decision.ts";
import type { HttpRequest } from "../../model/call.ts";
import type { Route } from "../../model/route.ts";

/** What happens to all requests of a set alike: what is delivered is the request itself, with these effects. */
export type Effects = Meaning<HeaderEffects>;
type End = MeantEnd<HeaderEffects>;

/** Stands for the workload at which a call arrives, until it is known which those are. */
const arrivedAt = ["*"] as const;

export const ending = (outcome: MeantOutcome<HeaderEffects>, where: "outside" | "here" = "outside"): Effects => [
  { share: one, ends: [{ share: one, workloads: where === "here" ? arrivedAt : [], outcome, treatments: [] }] },
];

/** What a proxy answers: in its own words, unless a route gives it others. */
export const answered = (
  by: Answerer,
  status: number,
  { body = "own", response = noEffects }: { readonly body?: AnswerBody; readonly response?: HeaderEffects } = {},
): MeantOutcome<HeaderEffects> => ({ kind: "answered", by, status, body, response });

/** The same for a group of workloads that treat a call alike. */
export const at = (meaning: Effects, workloads: readonly WorkloadId[]): Effects =>
  ends(meaning, (end) => (end.workloads[0] === arrivedAt[0] ? { ...end, workloads } : end));

/** Whichever of these a load balancer chooses (`decide`, `anyOf`). */
export const anyOf = (ways: readonly Effects[]): Effects => {
  const groups = new Map<string, Effects>();
  for (const way of ways) {
    const key = JSON.stringify(ends(way, (end) => ({ ...end, workloads: [] })));
    const known = groups.get(key);
    groups.set(key, known ? joined(known, way) : way);
  }
  const all = [...groups.values()];
  if (all.length === 1) return all[0]!;
  const flat = all
    .flat()
    .flatMap((branch) => branch.ends.map((end) => ({ ...end, share: product(branch.share, end.share) })));
  return canonicalMeaning([{ share: one, ends: flat }]);
};

/** Branches of a split: these shares of calls. */
export const splitInto = (parts: readonly (readonly [share: Fraction, meaning: Effects])[]): Effects =>
  canonicalMeaning(
    parts.flatMap(([share, meaning]) =>
      meaning.map((branch) => ({ share: product(share, branch.share), ends: branch.ends })),
    ),
  );

/** A connection that the callee closes is a 503 to whoever asked the proxy for a response. */
export const asSeenBySender = (meaning: Effects, by: Answerer): Effects =>
  ends(meaning, (end) => (end.outcome.kind === "closed" ? { ...end, outcome: answered(by, 503) } : end));

/** What a route's proxy adds: its edits and its treatment. */
export const throughRoute = (meaning: Effects, route: Route, at: string): Effects => {
  const { timeout, retries } = route;
  const request = effectsOf(route.requestHeaders);
  const response = effectsOf(route.responseHeaders);
  return ends(meaning, (end) => ({
    ...end,
    outcome: editedOutcome(end.outcome, request, response),
    treatments: end.outcome.kind === "delivered" ? [{ at, timeout, retries }, ...end.treatments] : [],
  }));
};

const editedOutcome = (
  outcome: MeantOutcome<HeaderEffects>,
  request: HeaderEffects,
  response: HeaderEffects,
): MeantOutcome<HeaderEffects> => {
  if (outcome.kind === "closed") return outcome;
  const answered = { ...outcome, response: followedBy(outcome.response, response) };
  return answered.kind === "delivered" && answered.request !== "connection"
    ? { ...answered, request: followedBy(request, answered.request) }
    : answered;
};

/** What happens to one of the requests. */
export const realised = (meaning: Effects, request: HttpRequest | "connection"): Meaning<DeliveredRequest> =>
  canonicalMeaning(
    meaning.map(({ share, ends: all }) => ({
      share,
      ends: all.map((end) => ({ ...end, outcome: realisedOutcome(end.outcome, request) })),
    })),
  );

const realisedOutcome = (
  outcome: MeantOutcome<HeaderEffects>,
  request: HttpRequest | "connection",
): MeantOutcome<DeliveredRequest> => {
  if (outcome.kind !== "delivered") return outcome;
  return outcome.request === "connection" || request === "connection"
    ? { ...outcome, request: "connection" }
    : { ...outcome, request: deliveredRequest({ ...request, headers: affected(request.headers, outcome.request) }) };
};

const affected = (headers: HttpRequest["headers"], effects: HeaderEffects): HttpRequest["headers"] => {
  const lines = new Map(linesByName(headers));
  for (const [name, { keeps, values }] of effects)
    lines.set(name, keeps ? [...(lines.get(name) ?? []), ...values] : values);
  return [...lines].flatMap(([name, values]) => values.map((value) => [name, value] as const));
};

/** Every end changed, in canonical form again. */
export const ends = (meaning: Effects, changed: (end: End) => End): Effects =>
  canonicalMeaning(meaning.map(({ share, ends: all }) => ({ share, ends: all.map(changed) })));

const joined = (a: Effects, b: Effects): Effects =>
  a.map((branch, index) => ({
    share: branch.share,
    ends: branch.ends.map((end, place) => ({
      ...end,
      workloads: [...new Set([...end.workloads, ...(b[index]?.ends[place]?.workloads ?? [])])].sort(),
    })),
  }));
