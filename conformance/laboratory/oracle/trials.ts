import type { Call } from "../../../lib/model/call.ts";
import { decide } from "../../../lib/model/decide/index.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { binomialTest } from "./binomial.ts";
import type { Laboratory } from "../laboratory.ts";
import { disagreement, type Observed } from "./observation.ts";
import { scenarioDisagreement, scenarios, splitCases, type Scenario, type SplitCase } from "../scenarios.ts";

/** One call as it was sent and as it was seen. */
export interface Case {
  readonly call: Call;
  readonly observed: Observed;
}

/** A call that was thought of, and why it was not sent where it was not. */
export interface Planned {
  readonly call: Call;
  readonly leftOut: string | undefined;
}

/** Everything that was seen of one mesh. */
export interface Evidence {
  readonly name: string;
  readonly mesh: Mesh;
  readonly planned: readonly Planned[];
  /** Of what was planned that was sent, in the same order. */
  readonly cases: readonly Case[];
  readonly scenarios: readonly { readonly scenario: Scenario; readonly observed: Observed }[];
  readonly splits: readonly {
    readonly split: SplitCase;
    readonly counts: ReadonlyMap<string, number>;
    readonly total: number;
  }[];
}

export const requestsPerSplit = 2000;

/** Whether the rig can show it: nothing there routes a service's own address for whoever calls it without a proxy. */
export const observable = (mesh: Mesh, call: Call): boolean =>
  call.to.kind !== "destination" ||
  decide({ client: mesh, server: mesh }, call).branches.every(({ ends }) =>
    ends.every(
      ({ outcome, steps }) =>
        !(outcome.kind === "delivered" && outcome.to === "as-dialled") &&
        !steps.some(({ says }) => says.includes("pass through in plain text")),
    ),
  );

export const evidence = async (
  name: string,
  mesh: Mesh,
  planned: readonly Planned[],
  { send }: Laboratory,
): Promise<Evidence> => {
  const calls = planned.flatMap(({ call, leftOut }) => (leftOut === undefined ? [call] : []));
  const observed = await send(calls.map((call) => ({ call })));
  const toPlay = scenarios(mesh, calls);
  const played = await send(toPlay.map(({ trial }) => trial));
  const splits: Evidence["splits"][number][] = [];
  for (const split of splitCases(mesh, calls).slice(0, 2)) {
    const seen = await send(Array.from({ length: requestsPerSplit }, () => ({ call: split.call })));
    const counts = new Map<string, number>();
    for (const one of seen) {
      const at = one.kind === "response" && one.echo ? one.echo.workload : "nowhere";
      counts.set(at, (counts.get(at) ?? 0) + 1);
    }
    splits.push({ split, counts, total: seen.length });
  }
  return {
    name,
    mesh,
    planned,
    cases: calls.map((call, index) => ({ call, observed: observed[index]! })),
    scenarios: toPlay.map((scenario, index) => ({ scenario, observed: played[index]! })),
    splits,
  };
};

/** Where what was seen is not what the mesh says; `as` judges the same evidence by another mesh. */
export const disagreements = (
  { mesh, cases }: Evidence,
  as: Mesh = mesh,
): readonly { readonly call: Call; readonly why: string }[] =>
  cases.flatMap(({ call, observed }) => {
    const why = disagreement(as, call, observed);
    return why === undefined ? [] : [{ call, why }];
  });

export const scenarioDisagreements = ({ scenarios: played }: Evidence): readonly string[] =>
  played.flatMap(({ scenario, observed }) => {
    const why = scenarioDisagreement(scenario, observed);
    return why === undefined ? [] : [`${scenario.name} of ${JSON.stringify(scenario.trial)}: ${why}`];
  });

/** The least likely branch of each split, if every share is what the mesh says. */
export const splitProbabilities = ({
  splits,
}: Evidence): readonly { readonly what: string; readonly probability: number }[] =>
  splits.flatMap(({ split, counts, total }) =>
    split.branches.map(({ workloads, share }) => {
      const hits = workloads.reduce((sum, workload) => sum + (counts.get(workload) ?? 0), 0);
      return {
        what: `${workloads.join(" or ")}: ${hits} of ${total}, share ${share}`,
        probability: binomialTest(hits, total, share),
      };
    }),
  );
