import { isWithin, type Message } from "./message.ts";
import type { Lane } from "./peers/peer.ts";
import { sent, type Answers } from "./sent.ts";

/** What one system made of bytes. */
export interface Reading extends Answers {
  readonly messages: readonly Message[];
}

/** Long enough for a message that should not be, to be seen. */
const graceMs = 15;
/** For systems of which it is not known what they will do. */
const quietMs = 150;
/** For answers that must come. */
const patienceMs = 4000;

export const directReading = async (lane: Lane, bytes: Buffer): Promise<Reading> => {
  lane.taken();
  const answers = await sent(lane.port, bytes, { graceMs, quietMs });
  return { ...answers, messages: lane.taken() };
};

/** Through a proxy at this port, which sends what it forwards to this lane; as many answers are awaited as there must be. */
export const readingBehind = async (port: number, lane: Lane, bytes: Buffer, answers: number): Promise<Reading> => {
  lane.taken();
  const seen = await sent(port, bytes, { answers, graceMs, quietMs: patienceMs });
  return { ...seen, messages: lane.taken() };
};

/** Why a backend read something else than we forwarded; it may refuse some of it and go on with the rest, if it says so. */
export const contradiction = (forwarded: readonly Message[], behind: Reading): string | undefined => {
  const said = `forwarded ${shown(forwarded)}, read ${shown(behind.messages)}`;
  if (!isWithin(behind.messages, forwarded)) return said;
  if (behind.messages.length === forwarded.length) return undefined;
  const isRefused = behind.closed || behind.statuses.some((status) => status >= 400);
  return isRefused ? undefined : `${said}, and nothing was refused`;
};

const shown = (messages: readonly Message[]): string =>
  JSON.stringify(messages.map((message) => (message.length > 60 ? `${message.slice(0, 60)}…` : message)));
