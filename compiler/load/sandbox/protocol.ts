import type { Part } from "./trace.ts";

/**
 * What crosses between the compiler and the process that evaluates policies. In: lines of JSON, the settings, then modules that are
 * evaluated ahead of the task if there are any, and then those of the task, each after those that it links to. Out: lines of JSON, a `Value` for each module that has one as soon as
 * it has it, and last the `Outcome`. Nothing else.
 */
export interface Settings {
  /** The path of SES's bundle. */
  readonly ses: string;
  readonly environment?: string | undefined;
  /** What all values may come to, as `plainCheck` counts. */
  readonly largestResult: number;
  readonly locate?: LocateSettings;
}

/**
 * Of a second evaluation, which only finds places: modules are instrumented, error stacks are readable, and no value
 * comes back.
 */
export interface LocateSettings {
  readonly literals: readonly (readonly Part[])[];
  readonly paths: readonly ValuePath[];
}

export interface TaskModule {
  readonly code: string;
  /** Its text may stand beside others'. */
  readonly isParsed: boolean;
  /** By specifier, the number of a module that came before. */
  readonly links: Readonly<Record<string, number>>;
  /** Its default export is asked for. */
  readonly asked: boolean;
  /** One of our own library's: it may speak with the compiler. */
  readonly ours: boolean;
}

/** A module that tasks are expected to need: evaluated as it comes, and no part of a task yet. It links to others of its kind. */
export interface AheadModule extends Pick<TaskModule, "code" | "links" | "ours"> {
  readonly ahead: true;
}

/** A module of the task: the one that came ahead with this number. */
export interface KnownModule {
  readonly known: number;
}

export type SentModule = AheadModule | TaskModule | KnownModule;

export interface ValuePath {
  /** Number of the module, in the order in which they came. */
  readonly module: number;
  readonly path: readonly (string | number)[];
}

/** The default export of a module that was asked for. */
export interface Value {
  readonly module: number;
  readonly value: unknown;
}

export interface Outcome {
  readonly problems: readonly Problem[];
  /** Environments that a module names with `vary`. */
  readonly environments: readonly { readonly module: number; readonly environment: string }[];
  /** For each asked path, the number of the expression that wrote it, or of its nearest ancestor that has one. */
  readonly sites: readonly (number | undefined)[];
}

/** Everything a module can do wrong short of having its process killed. */
export type Problem = { readonly module: number } & (
  | { readonly kind: "syntax"; readonly text: string }
  | { readonly kind: "threw"; readonly text: string; readonly at?: ThrownAt }
  | { readonly kind: "unavailable"; readonly name: string; readonly at?: ThrownAt }
  | { readonly kind: "data"; readonly path: readonly (string | number)[]; readonly what: string }
  | { readonly kind: "too-large" }
  /** The module made an intent that is part of no default export. */
  | { readonly kind: "unsaid" }
);

/** Where an error arose: positions in modules' code, innermost first, and the throw statement that ran last. */
export interface ThrownAt {
  readonly positions: readonly {
    readonly module: number;
    /** One-based. */ readonly line: number;
    readonly column: number;
  }[];
  readonly site?: number | undefined;
}
