import type { Origin } from "./origin.ts";
import type { Span } from "./span.ts";

export type Severity = "error" | "warning" | "info";

/** A place in words the reader can open: known as a span, or still a pointer into an authored value. */
export type Place = { readonly span: Span } | { readonly origin: Origin };

export interface Related {
  readonly message: string;
  readonly place: Place;
}

/** What is wrong, where, and what to do. A user's mistake is always one of these, never a throw. */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  /** Absent only for what has no place: a missing folder, a full disk. */
  readonly place?: Place;
  readonly related?: readonly Related[];
  /** One imperative sentence: what to change. */
  readonly fix?: string;
}

/** What every stage returns: its value (absent when it could not be made) and what it found. */
export interface Staged<T> {
  readonly value: T | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export const failed = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((diagnostic) => diagnostic.severity === "error");
