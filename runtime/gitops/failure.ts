import { ClusterError, type ClusterErrorKind } from "./cluster/index.ts";

/** The conditions of a MeshSync, in the order in which a pass comes to them (Kubernetes API conventions, "Typical status properties"). */
export const stages = ["Fetched", "Compiled", "Planned", "Applied", "Settled"] as const;
export type Stage = (typeof stages)[number];

/** Why a pass ended before its end. Everything that is in force stays so, but for what `Applied` and `Settled` had begun. */
export class PassFailure extends Error {
  override readonly name = "PassFailure";
  readonly stage: Stage;
  /** One word in CamelCase, for machines. */
  readonly reason: string;
  /** How long to wait before it is worth trying again; undefined: as ever. */
  readonly retryAfterMs: number | undefined;

  constructor(stage: Stage, reason: string, message: string, retryAfterMs?: number) {
    super(message);
    this.stage = stage;
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** By how much they matter: what must be there first before what is owned by others before what is wrong. */
const reasons: { readonly [K in ClusterErrorKind]?: string } = {
  "no-such-kind": "Blocked",
  "not-found": "Blocked",
  conflict: "Conflict",
  invalid: "Invalid",
  forbidden: "Forbidden",
};

/** What an API server's refusal is called. */
export const refusalReason = (error: unknown): string =>
  (error instanceof ClusterError ? reasons[error.kind] : undefined) ?? "Unreachable";

/** The refusals that matter most come first. */
export const byWeight = (a: unknown, b: unknown): number => weight(a) - weight(b);

const order = [...new Set(Object.values(reasons)), "Unreachable"];
const weight = (error: unknown): number => order.indexOf(refusalReason(error));

/** What an API server refused to do for a stage of a pass; any other error as it is. */
export const refusedFor =
  (stage: Stage) =>
  (error: unknown): never => {
    if (!(error instanceof ClusterError)) throw error;
    throw new PassFailure(stage, refusalReason(error), error.message, error.retryAfterMs);
  };
