import type { ApplySet, Members } from "./inventory/index.ts";
import type { Fetched } from "./source/source.ts";

/**
 * What there is, asked for while the commit is fetched, and told no earlier than that is there: whatever is wrong with it is told first.
 * Where the commit took longer than `freshMs`, it is asked for again.
 */
export const membersMeanwhile = async (
  fetching: Promise<Fetched>,
  inventory: Pick<ApplySet, "members">,
  signal: AbortSignal,
  freshMs = 5000,
): Promise<Members> => {
  const enough = new AbortController();
  const askedAt = performance.now();
  const early = inventory.members(AbortSignal.any([signal, enough.signal]));
  early.catch(() => undefined);
  try {
    await fetching;
    if (performance.now() - askedAt < freshMs) return await early;
  } finally {
    enough.abort();
  }
  return inventory.members(signal);
};
