import { servedTypes } from "../served-type.ts";
import type { TypeStatus } from "./contract.ts";
import { refusals, type Ledger } from "./session/ledger.ts";
import type { Ledgers } from "./session/order.ts";

/** What the ledgers of one stream say, copied: they go on changing. */
export const typeStatuses = (ledgers: Ledgers): Readonly<Partial<Record<Ledger["type"], TypeStatus>>> =>
  Object.fromEntries(
    servedTypes.flatMap((type) => (ledgers[type].asked ? [[type, typeStatus(ledgers[type])] as const] : [])),
  );

const typeStatus = (of: Ledger): TypeStatus => {
  const { everything, names, held, gaps } = of;
  const refused = refusals(of);
  return {
    everything,
    subscribed: [...names],
    acknowledged: new Map([...held].flatMap(([name, { version }]) => (version === undefined ? [] : [[name, version]]))),
    pending: [...gaps.keys()],
    refused,
    lastRefusal: lastRefusal(of, refused),
  };
};

const lastRefusal = (
  { lastRefusal: unanswered }: Ledger,
  refused: ReadonlyMap<string, string>,
): TypeStatus["lastRefusal"] => {
  if (unanswered !== undefined)
    return { message: unanswered.message, resources: unanswered.resources.map(({ name }) => name) };
  const message = [...refused.values()].at(-1);
  return message === undefined
    ? undefined
    : { message, resources: [...refused].flatMap(([name, said]) => (said === message ? [name] : [])) };
};
