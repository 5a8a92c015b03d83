import type { Verdicts } from "../../suite.ts";

/** One law and what was found against it: nothing, or words. Whatever is thrown counts against it. */
export const judged = async (
  verdicts: Verdicts,
  law: string,
  found: () => Promise<string | undefined>,
): Promise<void> => {
  const wrong = await found().catch((error: unknown) => String(error));
  if (wrong === undefined) verdicts.pass(law);
  else verdicts.fail(law, wrong);
};

/** Undefined where two values are the same as JSON; otherwise both. */
export const difference = (found: unknown, wanted: unknown): string | undefined => {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  return is === should ? undefined : `${is} instead of ${should}`;
};
