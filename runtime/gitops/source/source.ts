/** Where commits come from. */
export interface Source {
  /**
   * The commit that the branch is at, laid out in files. Where it has not moved since the last call, that is the same
   * folder again.
   *
   * @throws {SourceError} whatever went wrong; {@link SourceError.reason} is `aborted` when the signal said so
   */
  readonly fetched: (signal: AbortSignal) => Promise<Fetched>;
}

export interface Fetched {
  /** 40 hex digits. */
  readonly commit: string;
  /** The mesh folder within the commit's files: absolute, readable by this user alone, kept while it is among the last three. */
  readonly folder: string;
}

/**
 * - `unreachable`: there was no answer, or none that a Git server gives;
 * - `denied`: the credentials are missing, wrong, or may not read the repository;
 * - `rate-limited`: the server wants to be asked later;
 * - `gone`: the repository, its branch or the mesh folder in it is not there;
 * - `timeout`: it took longer than allowed;
 * - `invalid`: what was asked for or what came cannot be used; the same again will be no better;
 * - `aborted`: the caller's signal.
 */
export type SourceReason = "unreachable" | "denied" | "rate-limited" | "gone" | "timeout" | "invalid" | "aborted";

/** Why there is no commit, in words. INVARIANT: no credentials are ever in its message, and it has no cause to hold any. */
export class SourceError extends Error {
  override readonly name = "SourceError";
  readonly reason: SourceReason;
  /** How long the server asked to be left alone. */
  readonly retryAfterMs: number | undefined;

  constructor(reason: SourceReason, message: string, retryAfterMs?: number) {
    super(message);
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}
