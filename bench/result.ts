import { cpus, loadavg, release, totalmem } from "node:os";

/** What a bench found, as `--json` prints it: one object, last. */
interface BenchResult {
  readonly name: string;
  readonly machine: Machine;
  /** Dimensionless ratios, and seconds or megabytes where the key says so. */
  readonly figures: Readonly<Record<string, number>>;
  readonly goals: Readonly<Record<string, Goal>>;
  /** Every goal is met and every check of the bench itself held. */
  readonly ok: boolean;
}

/** The bounds that a figure must keep. */
export interface Goal {
  readonly max?: number;
  readonly min?: number;
}

/** Where a figure was measured; a ratio from one machine says little about another with other cores. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGigabytes: number;
  readonly kernel: string;
  readonly node: string;
  /** Runnable processes, on average over the minute before: above the core count, times mean little. */
  readonly load: number;
}

/** A bench prints its report to standard output, and returns what `--json` adds. */
export type Bench = () => Promise<BenchResult>;

export const machine = (): Machine => ({
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
});

/** Whether a figure keeps its goal; one that was not measured does not. */
export const isMet = (figure: number | undefined, { max, min }: Goal): boolean =>
  figure !== undefined && (max === undefined || figure <= max) && (min === undefined || figure >= min);
