import type { Message } from "../message.ts";

/** A real system on several ports: what its lanes read does not mix. */
export interface Peer {
  readonly name: string;
  readonly lanes: readonly Lane[];
  readonly stop: () => Promise<void>;
}

export interface Lane {
  readonly port: number;
  /** Whole messages since the last call, as the peer read them: seen by itself or by what stands behind it. */
  readonly taken: () => readonly Message[];
}
