import type { Call } from "../../lib/model/call.ts";
import type { Observed } from "./observation.ts";

/** What a server of the rig is told to do with the requests that carry this order. */
export interface Plan {
  /** Answer every attempt with this status. */
  readonly status?: number;
  /** Milliseconds before it answers. */
  readonly delay?: number;
}

export interface Trial {
  readonly call: Call;
  readonly plan?: Plan;
}

/** The real systems, as the suite needs them. */
export interface Laboratory {
  /** Sends trials from the workloads that they name, and tells what each caller saw, in order. */
  readonly send: (trials: readonly Trial[]) => Promise<readonly Observed[]>;
}
