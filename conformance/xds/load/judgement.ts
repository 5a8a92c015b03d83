import { decide } from "../../../lib/model/decide/index.ts";
import type { Call } from "../../../lib/model/call.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";
import { disagreement } from "../../laboratory/oracle/observation.ts";
import type { Change } from "./changes.ts";
import type { Sent } from "./traffic.ts";

/** A mesh and when proxies may have worked by it: from when it was told until every proxy was known to work by a later one. */
export interface Window {
  readonly change: Change;
  readonly from: number;
  readonly until: number;
}

export interface Failure {
  readonly sent: Sent;
  readonly why: string;
  readonly during: string;
}

/** Every answer that no mesh gives that was in force meanwhile. */
export const failures = (sent: readonly Sent[], windows: readonly Window[]): readonly Failure[] => {
  const known = new Map<Mesh, Map<string, string | undefined>>();
  const wrong = (mesh: Mesh, { call, observed }: Sent): string | undefined => {
    const answers = known.get(mesh) ?? new Map<string, string | undefined>();
    known.set(mesh, answers);
    const key = JSON.stringify([call, observed]);
    if (!answers.has(key)) answers.set(key, disagreement(mesh, call, observed));
    return answers.get(key);
  };
  return sent.flatMap((one): readonly Failure[] => {
    const inForce = windows.filter(({ from, until }) => from <= one.ended && until >= one.begun);
    const reasons = inForce.map(({ change }) => wrong(change.mesh, one));
    return reasons.includes(undefined)
      ? []
      : [
          {
            sent: one,
            why: [...new Set(reasons)].join("; or "),
            during: inForce.map(({ change }) => change.what).join(", then "),
          },
        ];
  });
};

/** Calls that some proxies of the old mesh and some of the new one would not deliver: the load must have none of them. */
export const undelivered = (calls: readonly Call[], [before, after]: readonly [Mesh, Mesh]): readonly string[] =>
  calls.flatMap((call) =>
    [
      [before, before],
      [before, after],
      [after, before],
      [after, after],
    ].flatMap(([client, server]) =>
      decide({ client: client as Mesh, server: server as Mesh }, call).branches.flatMap(({ ends }) =>
        ends.flatMap(({ outcome }) =>
          outcome.kind === "delivered" ? [] : [`${JSON.stringify(call)}: ${JSON.stringify(outcome)}`],
        ),
      ),
    ),
  );
