import type { HeaderEffects } from "../../lib/model/header-effects.ts";
import type { MeantEnd } from "../../lib/model/decide/meaning.ts";
import type { Host } from "../../lib/model/mesh.ts";
import type { RetryPolicy } from "../../lib/model/route.ts";
import type { Effects } from "../../lib/requests/decided/meanings.ts";
import type { Change, Risk } from "./change.ts";
import {
  distribution,
  effectWords,
  isDelivered,
  isDirect,
  meaningWords,
  shiftWords,
  someDelivered,
  tlsWords,
  treatmentWords,
  type Naming,
} from "./words/outcomes.ts";

/** One respect in which calls fare otherwise: what reviewers ask about one by one. */
export interface Aspect {
  readonly kind: Exclude<Change["kind"], "mtls" | "scope" | "graph" | "staging" | "unproved">;
  /** Equal for differences that are one change. */
  readonly title: string;
  readonly risks: readonly Risk[];
  readonly before: string;
  readonly after: string;
}

type End = MeantEnd<HeaderEffects>;

/** How two meanings differ; `lane` is the destination that callers named. At least one aspect. */
export const aspects = (before: Effects, after: Effects, lane: Host | undefined, names: Naming): readonly Aspect[] => {
  const words = { before: meaningWords(before, lane, names), after: meaningWords(after, lane, names) };
  const [was, is] = [someDelivered(before), someDelivered(after)];
  if (!was && !is) return [{ kind: "answer", title: `${words.before} → ${words.after}`, risks: [], ...words }];
  if ((!was && isDirect(before)) || (!is && isDirect(after)))
    return [
      { kind: "routing", title: `${words.before} → ${words.after}`, risks: routingRisks(before, after), ...words },
    ];
  if (!was) return [{ kind: "access", title: "opens", risks: ["opens-access"], ...words }];
  if (!is) return [{ kind: "access", title: "closes", risks: ["denies-traffic"], ...words }];
  const found: Aspect[] = [];
  const [from, into] = [distribution(before, lane, names), distribution(after, lane, names)];
  const shift = shiftWords(from, into);
  if (JSON.stringify([...from].sort()) !== JSON.stringify([...into].sort()))
    found.push({ kind: "routing", title: shift, risks: routingRisks(before, after), ...words });
  found.push(
    ...ofDelivered(
      before,
      after,
      ({ outcome }) => outcome.kind === "delivered" && outcome.tls,
      (a, b) => ({
        kind: "tls",
        title: `${all(a, tlsOf)} → ${all(b, tlsOf)}`,
        risks:
          a.every(isMutual) && !b.every(isMutual)
            ? ["weakens-mtls"]
            : b.some(isPlain) && !a.some(isPlain)
              ? ["weakens-mtls"]
              : [],
        before: all(a, tlsOf),
        after: all(b, tlsOf),
      }),
    ),
    ...ofDelivered(
      before,
      after,
      ({ treatments }) => treatments,
      (a, b) => ({
        kind: "resilience",
        title: `${all(a, treatmentWords)} → ${all(b, treatmentWords)}`,
        risks: weaker(a, b) ? ["drops-resilience"] : [],
        before: all(a, treatmentWords),
        after: all(b, treatmentWords),
      }),
    ),
    ...ofDelivered(
      before,
      after,
      ({ outcome }) => outcome.kind === "delivered" && [outcome.request, outcome.response],
      (a, b) => ({
        kind: "headers",
        title: `${all(a, headersOf)} → ${all(b, headersOf)}`,
        risks: [],
        before: all(a, headersOf),
        after: all(b, headersOf),
      }),
    ),
  );
  return found.length > 0
    ? found
    : [{ kind: "routing", title: `${words.before} → ${words.after}`, risks: ["reroutes"], ...words }];
};

const routingRisks = (before: Effects, after: Effects): readonly Risk[] => {
  const [was, is] = [deliveredShare(before), deliveredShare(after)];
  return [
    "reroutes",
    ...(is < was ? (["denies-traffic"] as const) : []),
    ...(is > was ? (["opens-access"] as const) : []),
  ];
};

/** Of all calls, how many are delivered wherever the load balancer sends them. */
const deliveredShare = (meaning: Effects): number =>
  meaning.reduce(
    (sum, { share, ends }) => sum + (ends.every(isDelivered) ? share.numerator / share.denominator : 0),
    0,
  );

/** An aspect of the calls that are delivered, where it differs. */
const ofDelivered = (
  before: Effects,
  after: Effects,
  of: (end: End) => unknown,
  aspect: (before: readonly End[], after: readonly End[]) => Aspect,
): readonly Aspect[] => {
  const [a, b] = [delivered(before), delivered(after)];
  const texts = (ends: readonly End[]): string =>
    [...new Set(ends.map((end) => JSON.stringify(of(end))))].sort().join();
  if (texts(a) === texts(b)) return [];
  const made = aspect(a, b);
  return made.before === made.after ? [] : [made];
};

const delivered = (meaning: Effects): readonly End[] => meaning.flatMap(({ ends }) => ends.filter(isDelivered));

const all = (ends: readonly End[], words: (end: End) => string): string => [...new Set(ends.map(words))].join(" or ");

const tlsOf = ({ outcome }: End): string => (outcome.kind === "delivered" ? tlsWords(outcome.tls) : "");

const isMutual = ({ outcome }: End): boolean => outcome.kind === "delivered" && outcome.tls === "mutual";
const isPlain = ({ outcome }: End): boolean => outcome.kind === "delivered" && outcome.tls === "none";

const headersOf = ({ outcome }: End): string => {
  if (outcome.kind !== "delivered" || outcome.request === "connection") return "as it is";
  const request = effectWords(outcome.request);
  return outcome.response.length === 0 ? request : `${request}; of the response: ${effectWords(outcome.response)}`;
};

/** Whether some proxy on the way now waits longer than it did for any call, tries less often, or for fewer reasons. */
const weaker = (before: readonly End[], after: readonly End[]): boolean =>
  after.some(({ treatments }) =>
    treatments.some((now) => {
      const then = before.flatMap((end) => end.treatments.filter(({ at }) => at === now.at));
      return (
        then.length > 0 &&
        (then.every(({ timeout }) => limit(now.timeout) > limit(timeout)) ||
          then.every(({ retries }) => isLessTried(retries, now.retries)))
      );
    }),
  );

const limit = (milliseconds: number | "none"): number => (milliseconds === "none" ? Infinity : milliseconds);

const isLessTried = (before: RetryPolicy | "none", after: RetryPolicy | "none"): boolean => {
  if (before === "none") return false;
  if (after === "none") return true;
  const reasons = ({ on, statuses }: RetryPolicy) => new Set([...on, ...statuses.map(String)]);
  return (
    after.attempts < before.attempts ||
    limit(after.perTry) > limit(before.perTry) ||
    !reasons(before).isSubsetOf(reasons(after))
  );
};
