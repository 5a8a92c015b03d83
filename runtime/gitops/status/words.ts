import type { Kept } from "../../diagnostics/kept.ts";
import type { Healing } from "./healing.ts";
import type { PassReport } from "./reporter.ts";
import { written } from "./reporter.ts";

/** For messages: `3 objects`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;

export const inWords = ({ code, message, at }: Kept): string =>
  `${at === undefined ? "" : `${at}: `}${message} (${code})`;

export const rolledOut = ({ commit, writes, steps }: PassReport): string =>
  `commit ${commit}: ${counted(written(writes), "write")} in ${counted(steps, "step")} (${writes.created} created, ${writes.changed} changed, ${writes.deleted} deleted)`;

export const healedWords = ({ name, what, by }: Healing): string =>
  `${name} was ${what}${by.length === 0 ? "" : ` by ${by.join(", ")}`}`;
