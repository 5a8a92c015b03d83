import type { Verdicts } from "../suite.ts";
import { contradiction, type Answered, type Shown } from "./shown.ts";

/**
 * The suite must be able to fail: the evidence of a whole run is judged once more with something false in it, and nothing
 * of what must be noticed may pass.
 */
export const plantedFaults = (all: readonly Shown[], verdicts: Verdicts): void => {
  const noticed = (
    what: string,
    expected: readonly Answered["expected"][],
    planted: Planted,
    least: "all" | "some",
  ) => {
    const results = all.flatMap((one) =>
      one.answered.flatMap((seen, index) => (expected.includes(seen.expected) ? [planted(one, seen, index)] : [])),
    );
    const bitten = results.filter((found) => found).length;
    if (bitten > 0 && (least === "some" || bitten === results.length))
      verdicts.pass(`planted: ${what}, noticed ${bitten} times of ${results.length}`);
    else verdicts.fail(`planted: ${what}`, `noticed ${bitten} times of ${results.length}`);
  };
  const changes = ["one request", "many requests"] as const;

  noticed("before and after are mixed up", changes, swapped, "all");
  noticed(
    "the change never reached the proxies",
    changes,
    ({ pair }, seen) => isNoticed(pair, { ...seen, after: seen.before }),
    "all",
  );
  noticed(
    "the change was there before",
    changes,
    ({ pair }, seen) => isNoticed(pair, { ...seen, before: seen.after }),
    "all",
  );
  noticed(
    "a change that the diff does not name",
    changes,
    ({ pair }, seen) => isNoticed(pair, { ...seen, expected: "no change" }),
    "all",
  );
  noticed(
    "a change that the diff names and that is none",
    ["no change"],
    ({ pair }, seen) => isNoticed(pair, { ...seen, expected: "one request" }),
    "all",
  );
  noticed("the witness of another difference", ["one request"], anothersWitness, "some");
};

type Planted = (one: Shown, seen: Answered, index: number) => boolean;

const isNoticed = ({ before, after }: Shown["pair"], seen: Answered): boolean =>
  contradiction(before, after, seen) !== undefined;

const swapped: Planted = ({ pair: { before, after } }, seen) => contradiction(after, before, seen) !== undefined;

const anothersWitness: Planted = ({ pair, answered }, seen, index) =>
  isNoticed(pair, { ...seen, call: answered[(index + 1) % answered.length]!.call });
