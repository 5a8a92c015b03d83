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
