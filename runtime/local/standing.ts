/** Whether a proxy goes by the newest revision. */
export type Standing =
  | { readonly kind: "has it" }
  | { readonly kind: "not yet" }
  /** In words. `at` has the lines that made what it refuses: empty while they are looked for, and where nobody wrote it. */
  | { readonly kind: "refused"; readonly reason: string; readonly at: readonly string[] };

export const hasIt: Standing = { kind: "has it" };
export const notYet: Standing = { kind: "not yet" };
