import { resourceTypes } from "../../../targets/xds/resource.ts";
import type { TypeStatus } from "./contract.ts";
import type { Ledger } from "./session/ledger.ts";
import type { Ledgers } from "./session/order.ts";

/** What the ledgers of one stream say, copied: they go on changing. */
export const typeStatuses = (ledgers: Ledgers): Readonly<Partial<Record<Ledger["type"], TypeStatus>>> =>
  Object.fromEntries(
    resourceTypes.flatMap((type) => (ledgers[type].asked ? [[type, typeStatus(ledgers[type])] as const] : [])),
  );

const typeStatus = ({ everything, names, held, gaps, lastRefusal }: Ledger): TypeStatus => ({
  everything,
  subscribed: [...names],
  acknowledged: new Map([...held].flatMap(([name, { version }]) => (version === undefined ? [] : [[name, version]]))),
  pending: [...gaps.keys()],
  lastRefusal: lastRefusal && {
    message: lastRefusal.message,
    resources: lastRefusal.resources.map(({ name }) => name),
  },
});
