import type { Kept } from "../../diagnostics/kept.ts";
import type { PassFailure } from "../failure.ts";

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
  /** Objects of ours, and writes that this pass made. */
  readonly objects: number;
  readonly writes: number;
  readonly steps: number;
  readonly milliseconds: number;
  readonly warnings: readonly Kept[];
}

export interface Healing {
  /** `VirtualService shop/cart`. */
  readonly name: string;
  readonly what: "changed" | "deleted";
  /** The managers that own what was ours, as `metadata.managedFields` says. */
  readonly by: readonly string[];
}
