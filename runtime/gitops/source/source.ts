/** Where commits come from. */
export interface Source {
  /**
   * The commit that the branch is at, laid out in files. Where it has not moved since the last call, that is the same
   * folder again. One call at a time.
   *
   * @throws {SourceError} whatever went wrong; its reason is `aborted` when the signal said so
   */
  readonly fetched: (signal: AbortSignal) => Promise<Fetched>;
}

export interface Fetched {
  /** 40 hex digits. */
  readonly commit: string;
  /** Of the mesh folder, 40 hex digits: the same for the same files. Undefined where they are in no commit. */
  readonly tree: string | undefined;
  /** The mesh folder within the commit's files: absolute, readable by this user alone, kept while it is among the last three. */
  readonly folder: string;
}

/**
 * - `unreachable`: there was no answer, it broke off, or the server is in trouble itself;
 * - `denied`: the credentials are missing, wrong, or may not read the repository;
 * - `rate-limited`: the server wants to be asked later;
 * - `gone`: the repository, its branch or the mesh folder in it is not there;
 * - `timeout`: it took longer than allowed;
 * - `invalid`: what was asked for or what came cannot be used; the same again will be no better;
 * - `disk`: what came could not be written;
 * - `aborted`: the caller's signal.
 */
export type SourceReason =
  "unreachable" | "denied" | "rate-limited" | "gone" | "timeout" | "invalid" | "disk" | "aborted";

/** Why there is no commit, in words. INVARIANT: its message holds no credentials, and it has no cause that could. */
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
