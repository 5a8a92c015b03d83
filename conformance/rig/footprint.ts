import { readFileSync } from "node:fs";

/** What a process costs, with whatever it has started and is still running. */
export interface Footprint {
  /** What is resident, a page that several processes share by each one's part of it. */
  readonly memoryMebibytes: number;
  /** Milliseconds of processor time since its start, ended children included. */
  readonly processorMs: number;
}

/** The kernel counts processor time in hundredths of a second (`USER_HZ`). */
const tickMs = 10;

/** What is resident of one process alone, in mebibytes. */
export const ownMemory = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB/m.exec(text(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;

export const footprint = (pid: number): Footprint => {
  const own = ownMemory(pid);
  // The command's name, in brackets, may hold anything; then come the fields from the third on.
  const fields = text(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
  const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index] ?? 0), 0);
  const below = text(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number).map(footprint);
  return {
    memoryMebibytes: below.reduce((sum, each) => sum + each.memoryMebibytes, own),
    processorMs: below.reduce((sum, each) => sum + each.processorMs, ticks * tickMs),
  };
};

/** A process that just ended costs nothing. */
const text = (file: string): string => {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
};
