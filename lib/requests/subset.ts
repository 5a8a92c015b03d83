import type { Match } from "../model/route.ts";
import { matchesSet } from "./conditions.ts";
import { TooLarge, type Diagram } from "./diagrams.ts";
import type { Space } from "./space.ts";

/** Whether every request of a set is in another; "inconclusive" where that would take more than it is worth. */
export const isSubset = (inner: Diagram, outer: Diagram, space: Space): boolean | "inconclusive" => {
  try {
    return space.isEmpty(space.diagrams.and(inner, space.diagrams.not(outer)));
  } catch (error) {
    if (error instanceof TooLarge) return "inconclusive";
    throw error;
  }
};

/** Whether earlier conditions, together, take every request for which any of these would hold, and there are such requests. */
export const areTaken = (
  matches: readonly Match[],
  earlier: readonly Match[],
  space: Space,
): boolean | "inconclusive" => {
  try {
    const own = matchesSet(matches, space.diagrams);
    return !space.isEmpty(own) && isSubset(own, matchesSet(earlier, space.diagrams), space);
  } catch (error) {
    if (error instanceof TooLarge) return "inconclusive";
    throw error;
  }
};
