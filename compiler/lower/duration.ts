import type { Origin } from "../../lib/diagnostics/origin.ts";
import type { Report } from "./context.ts";

const milliseconds = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** A week: no request waits longer, and platforms count what is much longer in ways of their own. */
const longest = 7 * 24 * 3_600_000;

/** A duration in whole milliseconds; reports what is none, and then says "none". */
export const duration = (written: string | undefined, origin: Origin, report: Report): number | "none" => {
  if (written === undefined || written === "none") return "none";
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(written) ?? [];
  const value =
    amount === undefined
      ? Number.NaN
      : Number((Number(amount) * milliseconds[unit as keyof typeof milliseconds]).toFixed(6));
  if (Number.isInteger(value) && value > 0 && value <= longest) return value;
  report("MESH1010", { written }, origin);
  return "none";
};
