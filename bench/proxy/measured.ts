import type { LoadGenerator } from "../../conformance/rig/install.ts";
import { median } from "../compile/measured.ts";
import { footprint } from "../../conformance/rig/footprint.ts";
import { machine } from "../result.ts";
import { cases, smallPlain, type Case } from "./cases.ts";
import type { Contestant } from "./contestants/contestant.ts";
import type { Latencies } from "./half-load/messages.ts";
import type { Saturated } from "./saturated.ts";
import { halfLoadRounds, saturatedRounds, type Rounds } from "./stage.ts";

type Figures = Record<string, number>;
type Name = Contestant["name"];

/** Of rounds, since both proxies of one met the same machine. */
const ratio = <T>(rounds: Rounds<T>, above: Name, below: Name, of: (result: T) => number): number =>
  median((rounds.get(above) ?? []).map((each, round) => of(each) / of(rounds.get(below)?.[round] ?? each)));
const medianOf = <T>(rounds: Rounds<T>, name: Name, of: (result: T) => number): number =>
  median((rounds.get(name) ?? []).map(of));

const cost = ({ microsecondsPerRequest }: Saturated): number => microsecondsPerRequest;
const rate = ({ perSecond }: Saturated): number => perSecond;

/** A case of its own in a figure's name; larger bodies are asked for over plain connections first of all. */
const keyOf = ({ body, security }: Case): string =>
  body.name === "small" ? `small_${security}` : security === "plain" ? body.name : `${body.name}_mtls`;

/** How much less processor time ours takes for a request than each of the others, and all of it in absolute numbers. */
export const measured = async (load: LoadGenerator, contestants: readonly Contestant[]): Promise<Figures> => {
  const figures: Figures = {};
  const rivals = contestants.filter(({ rules }) => rules);
  let slowest = Number.NaN;
  for (const each of cases) {
    const taking = each === smallPlain ? contestants : rivals;
    const rounds = await saturatedRounds(load, taking, each);
    const key = keyOf(each);
    console.log(`\n${key}, ${each.rounds} rounds of ${each.seconds} s`);
    for (const { name } of taking) {
      const costs = (rounds.get(name) ?? []).map(cost);
      const [low, high] = [Math.min(...costs), Math.max(...costs)];
      console.log(
        `  ${name.padEnd(10)} ${medianOf(rounds, name, cost).toFixed(1).padStart(7)} µs processor a request ` +
          `(${low.toFixed(1)}–${high.toFixed(1)}), ${medianOf(rounds, name, rate).toFixed(0)} requests/s`,
      );
      figures[`${key}_microseconds_${name}`] = medianOf(rounds, name, cost);
      figures[`${key}_per_second_${name}`] = medianOf(rounds, name, rate);
      if (name !== "meshwright") figures[`${key}_vs_${name}`] = ratio(rounds, name, "meshwright", cost);
    }
    if (each !== smallPlain) continue;
    slowest = Math.min(...rivals.map(({ name }) => medianOf(rounds, name, rate)));
    for (const { name, process } of taking) figures[`memory_mib_${name}`] = footprint(process.pid).memoryMebibytes;
  }
  return { ...figures, ...(await latencies(rivals, Math.floor(slowest / 2))) };
};

const halfLoad = { rounds: 5, seconds: 4 } as const;

/** At half of what the slower of the two can take; where others use the machine meanwhile, that half is more than it looks. */
const latencies = async (rivals: readonly Contestant[], perSecond: number): Promise<Figures> => {
  const rounds = await halfLoadRounds(rivals, smallPlain, { perSecond, ...halfLoad });
  const figures: Figures = { half_load_per_second: perSecond };
  console.log(
    `\nsmall_plain at ${perSecond} requests/s, ${halfLoad.rounds} rounds of ${halfLoad.seconds} s; machine's load ${machine().load}`,
  );
  for (const { name } of rivals) {
    const [p50, p99, ownP50, ownP99] = [
      medianOf(rounds, name, (each: Latencies) => each.p50),
      medianOf(rounds, name, (each: Latencies) => each.p99),
      medianOf(rounds, name, (each: Latencies) => each.ownP50),
      medianOf(rounds, name, (each: Latencies) => each.ownP99),
    ];
    console.log(
      `  ${name.padEnd(10)} p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms ` +
        `(requests left late by ${ownP50.toFixed(2)} ms and ${ownP99.toFixed(2)} ms)`,
    );
    figures[`p50_half_load_ms_${name}`] = p50;
    figures[`p99_half_load_ms_${name}`] = p99;
  }
  figures.p50_half_load_vs_envoy = ratio(rounds, "meshwright", "envoy", ({ p50 }) => p50);
  figures.p99_half_load_vs_envoy = ratio(rounds, "meshwright", "envoy", ({ p99 }) => p99);
  return figures;
};
