import { inTime, tooLate } from "./rig/in-time.ts";
import type { Verdicts } from "./suite.ts";

/** Far more than any law takes: what waits for something that never comes is told, and the rest goes on. */
const longestMinutes = 10;

/** One law and what was found against it: nothing, or words. Whatever is thrown counts against it, and so does not coming to an end. */
export const judged = async (
  verdicts: Verdicts,
  law: string,
  found: () => Promise<string | undefined>,
): Promise<void> => {
  const late = tooLate(`not decided within ${longestMinutes} minutes`);
  const wrong = await inTime(found(), longestMinutes * 60_000, late).catch((error: unknown) => String(error));
  if (wrong === undefined) verdicts.pass(law);
  else verdicts.fail(law, wrong);
};

/** Undefined where two values are the same as JSON; otherwise both. */
export const difference = (found: unknown, wanted: unknown): string | undefined => {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  return is === should ? undefined : `${is} instead of ${should}`;
};
