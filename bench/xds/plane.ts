import type { PlaneSpec, Write } from "./clients/messages.ts";

/** A control plane with the whole mesh, as the bench asks of both. */
export interface BenchPlane {
  readonly name: string;
  /** What the first `count` callers of the changed service are told to do. */
  readonly spec: (count: number) => Promise<PlaneSpec>;
  /** The same change in the words of whoever feeds this plane. */
  readonly write: (seconds: string) => Write;
  readonly pid: () => number;
  /** When it said that it had the change, on the wall in milliseconds; undefined where it says nothing of the kind. */
  readonly takenAt: () => number | undefined;
}
