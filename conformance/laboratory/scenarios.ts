import type { Call } from "../../lib/model/call.ts";
import { decide } from "../../lib/model/decide/index.ts";
import type { Branch, End } from "../../lib/model/decide/decision.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { RetryPolicy } from "../../lib/model/route.ts";
import type { Plan, Trial } from "./sender.ts";
import type { Observed } from "./oracle/observation.ts";

/** A trial whose outcome depends on what the server does, and what must be seen. */
export interface Scenario {
  readonly name: "attempts" | "timeout";
  /** What a mesh says of such calls: one scenario of each kind and plan for each. */
  readonly under: string;
  readonly trial: Trial;
  readonly expected: { readonly status: number; readonly attempts?: number };
}

/** How often a route's retries send a request whose every attempt is answered with this status. */
export const attemptsOn = (retries: RetryPolicy | "none", status: number): number => {
  if (retries === "none") return 1;
  const retriable =
    (retries.on.includes("5xx") && status >= 500) ||
    (retries.on.includes("gateway-error") && [502, 503, 504].includes(status)) ||
    (retries.on.includes("retriable-4xx") && status === 409) ||
    (retries.on.includes("retriable-status-codes") && retries.statuses.includes(status));
  return 1 + (retriable ? retries.attempts : 0);
};

const deliveredEnds = (mesh: Mesh, call: Call): readonly End[] =>
  decide({ client: mesh, server: mesh }, call).branches.flatMap(({ ends }) => ends);

/** What retries and time limits do to these calls: one scenario of each kind for each treatment that is met. */
export const scenarios = (mesh: Mesh, calls: readonly Call[]): readonly Scenario[] => {
  const met = new Set<string>();
  return calls.flatMap((call): readonly Scenario[] => {
    const ends = deliveredEnds(mesh, call);
    const [first] = ends;
    const [treatment, ...others] = first?.treatments ?? [];
    const alike = ends.every(
      (end) =>
        end.outcome.kind === "delivered" &&
        end.outcome.request !== "connection" &&
        end.workloads.length > 0 &&
        JSON.stringify(end.treatments) === JSON.stringify(first?.treatments),
    );
    if (treatment === undefined || others.length > 0 || !alike) return [];
    const key = JSON.stringify([treatment.timeout, treatment.retries]);
    if (met.has(key)) return [];
    met.add(key);
    const { retries, timeout } = treatment;
    const perTry = retries === "none" ? "none" : retries.perTry;
    const longest = Math.max(timeout === "none" ? 0 : timeout, perTry === "none" ? 0 : perTry);
    const plan: Plan = longest === 0 ? { delay: 600 } : { delay: longest + 400 };
    return [
      ...[500, 503].map((status): Scenario => ({
        name: "attempts",
        under: key,
        trial: { call, plan: { status } },
        expected: { status, attempts: attemptsOn(retries, status) },
      })),
      { name: "timeout", under: key, trial: { call, plan }, expected: { status: longest === 0 ? 200 : 504 } },
    ];
  });
};

/** Why a scenario did not go as it must; undefined where it did. */
export const scenarioDisagreement = ({ expected }: Scenario, observed: Observed): string | undefined => {
  if (observed.kind !== "response") return `expected ${expected.status}, saw no response`;
  if (observed.status !== expected.status) return `expected ${expected.status}, saw ${observed.status}`;
  if (expected.attempts === undefined) return undefined;
  const counted = observed.echo?.attempt;
  return counted === expected.attempts
    ? undefined
    : `expected ${expected.attempts} attempts, the servers counted ${counted}`;
};

/** A call that a split decides, with each branch's workloads and share. */
export interface SplitCase {
  readonly call: Call;
  readonly branches: readonly { readonly workloads: readonly string[]; readonly share: number }[];
}

export const splitCases = (mesh: Mesh, calls: readonly Call[]): readonly SplitCase[] => {
  const met = new Set<string>();
  return calls.flatMap((call): readonly SplitCase[] => {
    const { branches } = decide({ client: mesh, server: mesh }, call);
    if (branches.length < 2 || !branches.every(isPlainDelivery)) return [];
    const told = branches.map(({ share, ends }) => ({
      workloads: ends.flatMap(({ workloads }) => workloads),
      share: share.numerator / share.denominator,
    }));
    const key = JSON.stringify(told);
    if (met.has(key)) return [];
    met.add(key);
    return [{ call, branches: told }];
  });
};

const isPlainDelivery = ({ ends }: Branch): boolean =>
  ends.every(({ outcome, workloads }) => outcome.kind === "delivered" && workloads.length > 0);
