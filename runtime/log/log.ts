/**
 * One thing that happened, for whoever prints it. `event` says what, in the same lower-case words wherever it happens. INVARIANT:
 * no key, token, request or certificate body is ever a field: fields are names, addresses, counts, times in milliseconds and
 * reasons in words.
 */
export interface LogEntry {
  readonly level: "info" | "warn" | "error";
  readonly event: string;
  readonly [field: string]: string | number | boolean | readonly string[] | undefined;
}

export type Log = (entry: LogEntry) => void;

/** For callers that do not listen. */
export const silent: Log = () => undefined;

/** An error's own words; ours hold no secrets, and neither do those of node's file system and sockets. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Of a bug of ours: what failed and where. */
export const stackOf = (error: unknown): string => (error instanceof Error && error.stack) || reasonOf(error);
