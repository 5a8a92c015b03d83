import type { Kept } from "../../diagnostics/kept.ts";
import type { Healing } from "./healing.ts";
import type { PassFailure } from "../failure.ts";
import type { Passed } from "../pass.ts";

/** Tells people and machines what became of a commit. Never rejects: what cannot be told is logged. */
export interface Reporter {
  /** All stages hold. */
  readonly passed: (pass: PassReport) => Promise<void>;
  /** Every stage before the failure's holds, its own does not, and of those after it nothing new is known. */
  readonly failed: (failure: PassFailure, commit: string | undefined) => Promise<void>;
  /** Somebody else changed or deleted what is ours, and it is as it was again. */
  readonly healed: (healing: Healing) => Promise<void>;
  /** Somebody goes on changing what is ours: it is healed less often from here on. */
  readonly fought: (healing: Healing, times: number) => Promise<void>;
}

export interface PassReport {
  readonly commit: string;
  /** Objects of ours. */
  readonly objects: number;
  /** What this pass wrote. */
  readonly writes: Writes;
  readonly steps: number;
  readonly milliseconds: number;
  readonly warnings: readonly Kept[];
}

export interface Writes {
  readonly created: number;
  readonly changed: number;
  readonly deleted: number;
}

/** What there is to tell of a pass that took so long. */
export const passReport = (
  { commit, steps, warnings, wanted }: Pick<Passed, "commit" | "steps" | "warnings" | "wanted">,
  milliseconds: number,
): PassReport => {
  const writes = steps.flatMap((step) => step.writes);
  return {
    commit,
    objects: wanted.length,
    writes: {
      created: writes.filter(({ before, after }) => before === undefined && after !== undefined).length,
      changed: writes.filter(({ before, after }) => before !== undefined && after !== undefined).length,
      deleted: writes.filter(({ after }) => after === undefined).length,
    },
    steps: steps.length,
    milliseconds,
    warnings,
  };
};

export const written = ({ created, changed, deleted }: Writes): number => created + changed + deleted;

/** Each is told by itself, at the same time. */
export const reporters = (all: readonly Reporter[]): Reporter => {
  const told = async (tell: (one: Reporter) => Promise<void>): Promise<void> => void (await Promise.all(all.map(tell)));
  return {
    passed: (pass) => told((one) => one.passed(pass)),
    failed: (failure, commit) => told((one) => one.failed(failure, commit)),
    healed: (healing) => told((one) => one.healed(healing)),
    fought: (healing, times) => told((one) => one.fought(healing, times)),
  };
};
