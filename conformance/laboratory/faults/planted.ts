import type { Verdicts } from "../../suite.ts";
import { binomialTest } from "../oracle/binomial.ts";
import { faults } from "./faults.ts";
import type { Observed } from "../oracle/observation.ts";
import { scenarioDisagreement } from "../scenarios.ts";
import { disagreements, splitProbabilities, type Evidence } from "../oracle/trials.ts";

/**
 * Oracles must bite. The same evidence is judged by meshes with a slip in our own code, and false evidence by the true
 * mesh: each must be noticed somewhere in the run.
 */
export const plantedFaults = (all: readonly Evidence[], verdicts: Verdicts): void => {
  const noticed = (what: string, count: number): void => {
    if (count > 0) verdicts.pass(`planted: ${what}, noticed ${count} times`);
    else verdicts.fail(`planted: ${what}`, "nobody noticed");
  };
  for (const { name, planted } of faults)
    noticed(
      name,
      all.reduce((sum, one) => sum + disagreements(one, planted(one.mesh)).length, 0),
    );
  const lies: readonly (readonly [string, (seen: Observed) => Observed])[] = [
    [
      "a status that is another",
      (seen) =>
        seen.kind === "response" ? { ...seen, status: seen.status === 418 ? 200 : 418, echo: undefined } : seen,
    ],
    [
      "an answer from another workload",
      (seen) =>
        seen.kind === "response" && seen.echo ? { ...seen, echo: { ...seen.echo, workload: "nowhere/else" } } : seen,
    ],
    [
      "a request header that the server should not have seen",
      (seen) =>
        seen.kind === "response" && seen.echo
          ? { ...seen, echo: { ...seen.echo, headers: [...seen.echo.headers, ["x-canary", "late"]] } }
          : seen,
    ],
    [
      "a response header too many",
      (seen) =>
        seen.kind === "response" && seen.echo ? { ...seen, headers: [...seen.headers, ["x-user", "late"]] } : seen,
    ],
    [
      "another target at the server",
      (seen) =>
        seen.kind === "response" && seen.echo
          ? { ...seen, echo: { ...seen.echo, target: `${seen.echo.target}x` } }
          : seen,
    ],
  ];
  for (const [name, lie] of lies)
    noticed(
      name,
      all.reduce(
        (sum, one) =>
          sum +
          disagreements({ ...one, cases: one.cases.map((seen) => ({ ...seen, observed: lie(seen.observed) })) }).length,
        0,
      ),
    );
  noticed(
    "one attempt fewer",
    all
      .flatMap(({ scenarios }) => scenarios)
      .filter(
        ({ scenario, observed }) =>
          scenario.expected.attempts !== undefined &&
          scenarioDisagreement(
            { ...scenario, expected: { ...scenario.expected, attempts: scenario.expected.attempts + 1 } },
            observed,
          ) !== undefined,
      ).length,
  );
  noticed(
    "a time limit that is not there",
    all
      .flatMap(({ scenarios }) => scenarios)
      .filter(
        ({ scenario, observed }) =>
          scenario.expected.status === 504 &&
          scenarioDisagreement({ ...scenario, expected: { status: 200 } }, observed) !== undefined,
      ).length,
  );
  // All of a run's tenths together: of one alone it would be missed every now and then.
  const tenths = all
    .flatMap(({ splits }) => splits)
    .flatMap(({ split, counts, total }) =>
      split.branches.flatMap(({ workloads, share }) =>
        share === 0.1 ? [{ hits: workloads.reduce((sum, id) => sum + (counts.get(id) ?? 0), 0), total }] : [],
      ),
    )
    .reduce((sum, one) => ({ hits: sum.hits + one.hits, total: sum.total + one.total }), { hits: 0, total: 0 });
  noticed(
    "a split of 10 % that should be 15 %",
    tenths.total > 0 && binomialTest(tenths.hits, tenths.total, 0.15) < 1e-3 ? 1 : 0,
  );
  if (all.flatMap(splitProbabilities).length === 0) verdicts.fail("planted: splits", "there were none");
};
