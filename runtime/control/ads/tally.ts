import { ofEachType, type ServedType } from "../served-type.ts";
import type { AdsMetrics } from "./contract.ts";

type Writable<T> = { -readonly [K in keyof T]: T[K] extends object ? Writable<T[K]> : T[K] };

/** Metrics while they are counted; what is of now is looked up. */
export type Tally = Writable<Omit<AdsMetrics, "streams" | "admitted" | "synced" | "convergence">>;

export const tally = (): Tally => ({
  opened: 0,
  pushes: perType(),
  pushedBytes: perType(),
  acks: perType(),
  nacks: perType(),
  refusedAdmissions: { unproved: 0, "not entitled": 0, "not ready": 0 },
  overLimit: 0,
  malformed: 0,
});

const perType = (): Record<ServedType, number> => ofEachType(() => 0);
