import { servedTypes, type ServedType } from "../../served-type.ts";
import type { View } from "../../view.ts";
import {
  accepted,
  dropped,
  isSubscribed,
  ledger,
  owed,
  refused,
  remembered,
  sent,
  strange,
  subscribed,
  subscribedToAll,
  unsubscribed,
  unsubscribedFromAll,
  viewed,
  type LastRefusal,
  type Ledger,
} from "./ledger.ts";
import { wildcard, type DeltaRequest, type Response, type SetRequest } from "./message.ts";
import { endpointsOf, order, outlived, routesToCome, type Ledgers } from "./order.ts";
import { difference, partialSet, setVersion, wholeSet, type Content } from "./response.ts";
import { returning, waits } from "./waits.ts";

export type Protocol = "delta" | "sotw";

export interface SessionLimits {
  /** Resource names that one client may name on one stream, all types together, or say that it holds. */
  readonly names: number;
  /** Bytes of resources in one delta response; a resource that is larger goes alone. */
  readonly responseBytes: number;
  /** How long what depends on it is held up for a subscription that is expected. */
  readonly subscriptionMs: number;
  /**
   * How long clusters stay after listeners changed: connections that an old listener still drains are routed as it was.
   * As Envoy's `--drain-time-s`, for zero lost requests on them; until then a client is not synced.
   */
  readonly drainMs: number;
}

/** What became of a request; a violation ends the stream with its words. */
export type Outcome =
  | { readonly kind: "asked" }
  | { readonly kind: "accepted"; readonly type: ServedType }
  | { readonly kind: "refused"; readonly type: ServedType; readonly refusal: LastRefusal }
  | { readonly kind: "violation"; readonly message: string };

/**
 * One stream of one client as a state machine, without a network or a clock. `next` gives one response at a time, so that
 * what is not yet sent can still be superseded.
 */
export interface Session {
  readonly receivedDelta: (request: DeltaRequest, now: number) => Outcome;
  readonly receivedSet: (request: SetRequest, now: number) => Outcome;
  readonly viewed: (view: View) => void;
  readonly next: (now: number) => Response | undefined;
  /** When `next` is worth another try though nothing was received. */
  readonly wakeAt: () => number | undefined;
  readonly synced: () => boolean;
  /** The same, but for what the client refuses. */
  readonly settled: () => boolean;
  readonly ledgers: Ledgers;
}
/** Longer than any name of ours, of which a stream may ask for many. */
const longestName = 1024;

export const session = (protocol: Protocol, first: View, limits: SessionLimits): Session => {
  const ledgers = Object.fromEntries(
    servedTypes.map((type) => [type, ledger(type, first[type])]),
  ) as unknown as Ledgers;
  const expected = waits();
  let placed = first.endpoints;
  let serial = 0;

  /** `claimed`: what a client says it holds is only as much as it likes where neither it nor the view names it. */
  const tooMany = (claimed: boolean): Outcome | undefined => {
    const names = servedTypes.reduce(
      (sum, type) => sum + ledgers[type].names.size + (claimed ? strange(ledgers[type]) : 0),
      0,
    );
    return names > limits.names
      ? { kind: "violation", message: `more than ${limits.names} resource names on one stream` }
      : undefined;
  };

  const tooLong = (names: readonly string[]): Outcome | undefined =>
    names.some((name) => name.length > longestName)
      ? { kind: "violation", message: `a resource name of more than ${longestName} characters` }
      : undefined;

  /** A proxy names its clusters before it may be told of listeners and routes that need them. */
  const began = (of: Ledger, isReturning: boolean, now: number): void => {
    const until = now + limits.subscriptionMs;
    if (!of.asked && isReturning)
      for (const type of returning) if (!ledgers[type].asked) expected.expected("return", type, until);
    of.asked = true;
    expected.came("return", of.type);
    if (of.type === "cluster") expected.came("clusters", wildcard);
    const isProxy = of.type === "listener" && of.everything;
    const needsClusters = isProxy || (isReturning && (of.type === "listener" || of.type === "routes"));
    if (needsClusters && !ledgers.cluster.asked) expected.expected("clusters", wildcard, until);
  };

  const placedAgain = (): void => {
    const kept = outlived(ledgers, placed);
    viewed(ledgers.endpoints, kept.size === 0 ? placed : new Map([...placed, ...kept]));
  };

  const settledNames = (type: ServedType, names: Iterable<string>): void => {
    if (type === "endpoints" || type === "routes") for (const name of names) expected.came(type, name);
  };

  const answered = (of: Ledger, nonce: string, error: string | undefined, now: number): Outcome => {
    if (nonce === "" || of.inFlight?.nonce !== nonce) return { kind: "asked" };
    if (error !== undefined) {
      const refusal = refused(of, error);
      if (of.type === "cluster") placedAgain();
      return refusal === undefined ? { kind: "asked" } : { kind: "refused", type: of.type, refusal };
    }
    const until = now + limits.subscriptionMs;
    for (const served of accepted(of)?.changed ?? []) {
      if (of.type === "cluster")
        for (const own of endpointsOf(ledgers, served))
          if (!isSubscribed(ledgers.endpoints, own)) expected.expected("endpoints", own, until);
      if (of.type === "listener" && limits.drainMs > 0) expected.expected("drain", wildcard, now + limits.drainMs);
      if (of.type === "listener")
        for (const routes of routesToCome(ledgers, served.name)) expected.expected("routes", routes, until);
    }
    if (of.type === "cluster") placedAgain();
    return { kind: "accepted", type: of.type };
  };

  const content = (type: ServedType): Content | undefined => {
    const now = order(ledgers, expected);
    if (protocol === "delta") return difference(ledgers, type, now, limits.responseBytes);
    return type === "endpoints" || type === "routes" ? partialSet(ledgers, type, now) : wholeSet(ledgers, type, now);
  };

  return {
    ledgers,
    receivedDelta: ({ type, subscribe, unsubscribe, initialVersions, nonce, error }, now) => {
      const refused = tooLong([...subscribe, ...initialVersions.keys()]);
      if (refused !== undefined) return refused;
      const of = ledgers[type];
      const outcome = answered(of, nonce, error, now);
      const isFirst = !of.asked;
      const owedBefore = new Set(isFirst ? of.due : []);
      if (unsubscribe.includes(wildcard)) unsubscribedFromAll(of);
      unsubscribed(of, unsubscribe);
      const startsWithAll = isFirst && subscribe.length === 0 && (type === "cluster" || type === "listener");
      if (startsWithAll || subscribe.includes(wildcard)) subscribedToAll(of);
      subscribed(
        of,
        subscribe.filter((name) => name !== wildcard),
      );
      if (isFirst) remembered(of, initialVersions, owedBefore);
      began(of, isFirst && initialVersions.size > 0, now);
      settledNames(type, subscribe);
      return tooMany(isFirst && initialVersions.size > 0) ?? outcome;
    },
    receivedSet: ({ type, names, nonce, error }, now) => {
      const refused = tooLong(names);
      if (refused !== undefined) return refused;
      const of = ledgers[type];
      const outcome = answered(of, nonce, error, now);
      const wanted = new Set(names);
      const startsWithAll = wanted.size === 0 && !of.named && (type === "cluster" || type === "listener");
      const all = startsWithAll || wanted.delete(wildcard);
      if (names.length > 0) of.named = true;
      const gone = [...of.names].filter((name) => !wanted.has(name));
      const isNew = [...wanted].filter((name) => !of.names.has(name));
      if (!all) unsubscribedFromAll(of);
      unsubscribed(of, gone);
      if (all && !of.everything) subscribedToAll(of);
      if (isNew.length > 0) {
        subscribed(of, isNew);
        of.answerOwed = true;
      }
      began(of, false, now);
      settledNames(type, isNew);
      return tooMany(false) ?? outcome;
    },
    viewed: (view) => {
      for (const type of servedTypes) if (type !== "endpoints") viewed(ledgers[type], view[type]);
      placed = view.endpoints;
      placedAgain();
    },
    next: (now) => {
      expected.elapsed(now);
      for (const type of servedTypes) {
        const of = ledgers[type];
        if (of.inFlight !== undefined || !of.asked) continue;
        const said = content(type);
        if (said === undefined) continue;
        dropped(of, said.dropped);
        if (type === "secret" && protocol === "sotw" && said.resources.length === 0) {
          of.answerOwed = false;
          continue;
        }
        if (said.resources.length === 0 && said.removed.length === 0 && !of.answerOwed) continue;
        serial += 1;
        const version = protocol === "sotw" ? setVersion(of, said) : "";
        const response = { type, nonce: String(serial), resources: said.resources, removed: said.removed, version };
        sent(of, { ...response, changed: said.changed, restored: said.restored });
        // A cluster that is sent again warms with endpoints that are sent again, or never (Envoy issues 13009, 33607).
        if (type === "cluster")
          for (const cluster of said.changed)
            for (const own of endpointsOf(ledgers, cluster)) owed(ledgers.endpoints, own);
        return response;
      }
      return undefined;
    },
    wakeAt: expected.until,
    settled: () =>
      servedTypes.every((type) => {
        const { gaps, counts, inFlight } = ledgers[type];
        return gaps.size === counts.refused && inFlight === undefined;
      }),
    synced: () => servedTypes.every((type) => ledgers[type].gaps.size === 0 && ledgers[type].inFlight === undefined),
  };
};
