import { ClusterError } from "../cluster/index.ts";
import { byWeight, PassFailure, refusalReason } from "../failure.ts";
import { firstLines } from "../first-lines.ts";

/** Throws a `PassFailure` that says what stands against any write of the objects that are named. */
export const unrefused = (names: readonly string[], outcomes: readonly PromiseSettledResult<unknown>[]): void => {
  const refused = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [{ name: names[index]!, error: outcome.reason as unknown }] : [],
  );
  if (refused.length > 0) throw refusal(refused);
};

const refusal = (refused: readonly { readonly name: string; readonly error: unknown }[]): PassFailure => {
  const sorted = refused.toSorted((a, b) => byWeight(a.error, b.error));
  const first = sorted[0]!.error;
  const lines = sorted.map(({ name, error }) => `${name}: ${error instanceof Error ? error.message : String(error)}`);
  return new PassFailure(
    "Applied",
    refusalReason(first),
    firstLines(lines),
    first instanceof ClusterError ? first.retryAfterMs : undefined,
  );
};
