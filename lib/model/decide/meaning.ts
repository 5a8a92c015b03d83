import type { WorkloadId } from "../../graph/graph.ts";
import { sum, type Fraction } from "../fraction.ts";
import { effectsOf, followedBy, linesByName, noEffects, type HeaderEffects } from "../header-effects.ts";
import type { Host } from "../mesh.ts";
import type { RetryPolicy } from "../route.ts";
import type { AnswerBody, Decision, End, Hop, Outcome } from "./decision.ts";

/**
 * A decision without what nobody can tell: who decided it, names of subsets, the order of branches; and of a call that is
 * not delivered, why, at which workload it failed, and how it would have been treated. Equal meanings have equal forms. `Request` is what is delivered: of one call its lines, of many calls what
 * becomes of them (`HeaderEffects`).
 */
export type Meaning<Request> = readonly MeantBranch<Request>[];

export interface MeantBranch<Request> {
  readonly share: Fraction;
  readonly ends: readonly MeantEnd<Request>[];
}

export interface MeantEnd<Request> {
  /** Of the calls of its branch for which the load balancer chooses its way. */
  readonly share: Fraction;
  readonly workloads: readonly WorkloadId[];
  readonly outcome: MeantOutcome<Request>;
  readonly treatments: readonly MeantTreatment[];
}

export type MeantOutcome<Request> =
  | {
      readonly kind: "delivered";
      readonly to: Host | "as-dialled";
      readonly port: number;
      readonly request: Request | "connection";
      readonly tls: "none" | "mutual" | { readonly sni: string };
      readonly response: HeaderEffects;
    }
  | {
      readonly kind: "answered";
      readonly by: Answerer;
      readonly status: number;
      readonly body: AnswerBody;
      readonly response: HeaderEffects;
    }
  | { readonly kind: "closed"; readonly by: Answerer };

/** Whose caller and whose callee it is, the call says; gateways there may be several on one way. */
export type Answerer = "caller" | "callee" | WorkloadId;

interface MeantTreatment {
  readonly at: Answerer;
  readonly timeout: number | "none";
  readonly retries: RetryPolicy | "none";
}

/** What a server receives of one request: its line, and each header's lines. */
export interface DeliveredRequest {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  /** Sorted by name. */
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
}

/** The meaning of one call's decision. */
export const meaningOf = ({ branches }: Decision): Meaning<DeliveredRequest> =>
  canonicalMeaning(branches.map(({ share, ends }) => ({ share, ends: ends.map(meantEnd) })));

/** What is merged is equal but for its share or its workloads. */
export const canonicalMeaning = <Request>(branches: Meaning<Request>): Meaning<Request> => {
  const only = branches[0];
  if (branches.length === 1 && only?.ends.length === 1) return branches;
  const merged = new Map<string, MeantBranch<Request>>();
  for (const { share, ends } of branches) {
    const branch = { share, ends: canonicalEnds(ends) };
    const key = JSON.stringify(branch.ends);
    const known = merged.get(key);
    merged.set(key, known ? { share: sum(known.share, share), ends: branch.ends } : branch);
  }
  return inKeyOrder(merged);
};

const canonicalEnds = <Request>(ends: readonly MeantEnd<Request>[]): readonly MeantEnd<Request>[] => {
  if (ends.length === 1) return ends;
  const merged = new Map<string, MeantEnd<Request>>();
  for (const { share, workloads, outcome, treatments } of ends) {
    const key = JSON.stringify([outcome, treatments, share]);
    const known = merged.get(key);
    const all = known ? [...new Set([...known.workloads, ...workloads])].sort() : workloads;
    merged.set(key, { share, workloads: all, outcome, treatments });
  }
  return inKeyOrder(merged);
};

const inKeyOrder = <T>(values: ReadonlyMap<string, T>): readonly T[] =>
  values.size === 1
    ? [...values.values()]
    : [...values.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);

const meantEnd = ({ share, workloads, outcome, treatments }: End): MeantEnd<DeliveredRequest> => ({
  share,
  workloads: outcome.kind === "delivered" ? workloads : [],
  outcome: meantOutcome(outcome),
  treatments:
    outcome.kind === "delivered"
      ? treatments.map(({ at, role, timeout, retries }) => ({
          at: role === "gateway" ? at : role,
          timeout,
          retries,
        }))
      : [],
});

const meantOutcome = (outcome: Outcome): MeantOutcome<DeliveredRequest> => {
  if (outcome.kind === "closed") return { kind: "closed", by: answerer(outcome.by) };
  const response = outcome.responseEdits.reduce((all, edits) => followedBy(all, effectsOf(edits)), noEffects);
  if (outcome.kind === "answered") {
    return { kind: "answered", by: answerer(outcome.by), status: outcome.status, body: outcome.body, response };
  }
  const { to, port, request, tls } = outcome;
  return {
    kind: "delivered",
    to: to === "as-dialled" ? to : to.host,
    port,
    request: request === "connection" ? request : deliveredRequest(request),
    tls,
    response,
  };
};

const answerer = ({ role, workload }: Hop): Answerer => (role === "gateway" ? workload : role);

export const deliveredRequest = ({
  method,
  target,
  host,
  headers,
}: {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  readonly headers: readonly (readonly [string, string])[];
}): DeliveredRequest => ({
  method,
  target,
  host,
  headers: [...linesByName(headers)].sort(([a], [b]) => (a < b ? -1 : 1)),
});
