import type { LoadGenerator } from "../../conformance/rig/install.ts";
import { takenLines } from "./access-log.ts";
import type { Case } from "./cases.ts";
import type { Contestant } from "./contestants/contestant.ts";
import { atConstantRate } from "./half-load/half-load.ts";
import type { Latencies } from "./half-load/messages.ts";
import { saturated, type Saturated } from "./saturated.ts";

/** By proxy, its rounds: the same rounds for all. */
export type Rounds<T> = ReadonlyMap<Contestant["name"], readonly T[]>;

/**
 * The same for one proxy after the other, the order turned around in every other round, so that the machine's noise hits
 * all of them. Round 0 warms up and is thrown away.
 */
const inTurn = async <T>(
  contestants: readonly Contestant[],
  rounds: number,
  measured: (contestant: Contestant) => Promise<T>,
): Promise<Rounds<T>> => {
  const results = new Map<Contestant["name"], T[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1)
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const result = await measured(contestant);
      if (round > 0) results.get(contestant.name)?.push(result);
    }
  return results;
};

export const saturatedRounds = (
  load: LoadGenerator,
  contestants: readonly Contestant[],
  { body, security, rounds, seconds }: Case,
): Promise<Rounds<Saturated>> =>
  inTurn(contestants, rounds, async (contestant) => {
    const { process, ports } = contestant;
    const result = await saturated(load, process.pid, `http://127.0.0.1:${ports[security]}${body.path}`, seconds);
    await takenLines(contestant, result.requests);
    return result;
  });

export const halfLoadRounds = (
  contestants: readonly Contestant[],
  { body, security }: Case,
  { perSecond, rounds, seconds }: { readonly perSecond: number; readonly rounds: number; readonly seconds: number },
): Promise<Rounds<Latencies>> =>
  inTurn(contestants, rounds, async (contestant) => {
    const port = contestant.ports[security] ?? 0;
    const result = await atConstantRate({ port, path: body.path, perSecond, seconds });
    await takenLines(contestant, result.requests);
    return result;
  });
