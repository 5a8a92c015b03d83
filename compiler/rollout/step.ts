import type { Write } from "./change.ts";
import type { Phase } from "./courses.ts";

/** Writes that may reach proxies in any order and mixture; the next step begins when every proxy has all of them. */
export interface Step {
  readonly phase: Phase;
  readonly writes: readonly Write[];
}
