import { stages, type PassFailure, type Stage } from "../failure.ts";
import { bounded } from "./bounded.ts";
import type { PassReport } from "./reporter.ts";
import { counted, inWords } from "./words.ts";

/** metav1.Condition. */
export interface Condition {
  readonly type: "Ready" | Stage;
  readonly status: "True" | "False" | "Unknown";
  /** The generation of the spec that this was found under. */
  readonly observedGeneration: number;
  /** When `status` changed last. */
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
}

export type Outcome =
  | { readonly kind: "passed"; readonly pass: PassReport }
  | { readonly kind: "failed"; readonly failure: PassFailure; readonly commit: string | undefined };

type Finding = Pick<Condition, "type" | "status" | "reason" | "message">;

/** Bytes; the API server takes as many characters. */
const longestMessage = 32_768;

/** All conditions after an outcome. What it says nothing new of stays as it was, with the generation that it was found under. */
export const conditionsAfter = (
  before: readonly Condition[],
  outcome: Outcome,
  { generation, now }: { readonly generation: number; readonly now: Date },
): readonly Condition[] => {
  const found = outcome.kind === "passed" ? whenPassed(outcome.pass) : whenFailed(outcome);
  const time = `${now.toISOString().slice(0, 19)}Z`;
  return (["Ready", ...stages] as const).map((type): Condition => {
    const known = before.find((one) => one.type === type);
    const news = found.find((one) => one.type === type);
    if (news === undefined && known !== undefined) return known;
    const { status, reason, message } = news ?? notReached;
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: known?.status === status ? known.lastTransitionTime : time,
      reason,
      message: bounded(message, longestMessage),
    };
  });
};

const notReached = { status: "Unknown", reason: "NotReached", message: "no pass has come this far" } as const;

const whenPassed = ({ commit, objects, warnings }: PassReport): readonly Finding[] => {
  const held = (type: Finding["type"], message: string): Finding => ({
    type,
    status: "True",
    reason: "Succeeded",
    message,
  });
  return [
    held("Ready", `commit ${commit} is in force`),
    held("Fetched", `commit ${commit}`),
    held(
      "Compiled",
      warnings.length === 0
        ? `commit ${commit}`
        : [`commit ${commit}, with ${counted(warnings.length, "warning")}:`, ...warnings.map(inWords)].join("\n"),
    ),
    held("Planned", `commit ${commit}`),
    held("Applied", `${counted(objects, "object")} of commit ${commit}`),
    held("Settled", `commit ${commit}`),
  ];
};

const whenFailed = ({ failure, commit }: Extract<Outcome, { readonly kind: "failed" }>): readonly Finding[] => {
  const { stage, reason, message } = failure;
  const refused = { status: "False", reason, message } as const;
  const earlier = stages
    .slice(0, stages.indexOf(stage))
    .map((type): Finding => ({ type, status: "True", reason: "Succeeded", message: `commit ${commit ?? "unknown"}` }));
  // Some of it may be written by then: that proxies had what was there before says nothing any more.
  const after: readonly Finding[] =
    stage === "Applied"
      ? [{ type: "Settled", status: "Unknown", reason: "NotReached", message: "some of a commit may be written" }]
      : [];
  return [{ type: "Ready", ...refused }, ...earlier, { type: stage, ...refused }, ...after];
};
