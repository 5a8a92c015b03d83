/**
 * One thing that happened, for whoever prints it. INVARIANT: no key, token, request or certificate body is ever a field:
 * fields are names, addresses, counts, times in milliseconds and reasons in words.
 */
export interface LogEntry {
  readonly level: "info" | "warning" | "error";
  readonly event: string;
  readonly [field: string]: string | number | boolean | undefined;
}

export type Log = (entry: LogEntry) => void;

/** For callers that do not listen. */
export const silent: Log = () => undefined;

/** Why a call came to nothing, in words that may be shown to anybody. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
}

export const refused = (reason: string): Refused => ({ kind: "refused", reason });

/** An error's own words; ours hold no secrets, and neither do those of node's file system and sockets. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
