import { createReadStream, truncateSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Contestant } from "./contestants/contestant.ts";

/** As long as any of them keeps lines back to write them together. */
const keptMs = 300;

/** Lines written since the last call, or throws where they are fewer than requests: a line that is lost costs nothing. */
export const takenLines = async ({ name, accessLog }: Contestant, requests: number): Promise<number> => {
  await sleep(keptMs);
  let lines = 0;
  for await (const chunk of createReadStream(accessLog, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>)
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
  // All of them append.
  truncateSync(accessLog);
  if (lines < requests) throw new Error(`${name} answered ${requests} requests and logged ${lines}`);
  return lines;
};
