import type { Severity } from "../diagnostic.ts";

/** One kind of diagnostic: what must hold, and how its absence is told. */
export interface CatalogEntry<P> {
  readonly severity: Severity;
  /** What holds when this diagnostic is absent, in kebab-case. */
  readonly name: string;
  readonly message: (parameters: P) => string;
  /** One imperative sentence: what to change. */
  readonly fix?: (parameters: P) => string;
}

/** Keeps the parameters' type while a catalog is written as one object. */
export const entry = <P>(of: CatalogEntry<P>): CatalogEntry<P> => of;

/** "reviews, ratings and details", for messages. */
export const list = (words: readonly string[]): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;

/** The parameters of a diagnostic that has none. */
export type Nothing = Readonly<Record<string, never>>;
