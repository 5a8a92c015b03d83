import type { HttpServiceRef } from "./handles.ts";

/** Percentages by subset, decimals allowed: `{ v1: 99.9, v2: 0.1 }`. */
export type Weights<Subset extends string> = { readonly [S in Subset]?: number };

export interface Split {
  readonly kind: "split";
  readonly to: HttpServiceRef;
  readonly weights: Readonly<Record<string, number>>;
}

/** Percentages of one service's traffic by subset. They must add up to 100: any other sum is nearly always a typo. */
export const split = <Subset extends string>(to: HttpServiceRef<Subset>, weights: Weights<NoInfer<Subset>>): Split => ({
  kind: "split",
  to,
  weights: weights as Readonly<Record<string, number>>,
});
