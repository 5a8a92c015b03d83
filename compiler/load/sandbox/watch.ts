import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

export type Breach = "time" | "memory";

export interface Bounds {
  readonly seconds: number;
  /** Resident, the whole process. */
  readonly megabytes: number;
}

export interface Watch {
  readonly breach: () => Breach | undefined;
  /** Wall time counts from here: before, the process may have waited for us. */
  readonly begin: () => void;
}

/** A process that computes gets its time; one that only waits for a processor gets this many times more. */
const patience = 6;
const ticksPerSecond = 100;

/**
 * Kills a process, all of it, as soon as it goes beyond its bounds. Nothing inside the process is asked: a loop would
 * not answer, and a heap limit does not see what lies outside of the heap.
 */
export const watched = (child: ChildProcess, bounds: Bounds): Watch => {
  let breach: Breach | undefined;
  const kill = (why: Breach): void => {
    breach ??= why;
    child.kill("SIGKILL");
  };
  const { pid } = child;
  let began = Infinity;
  const pageBytes = 4096;
  const look = (): void => {
    const elapsed = (performance.now() - began) / 1000;
    const usage = pid === undefined ? undefined : procUsage(pid);
    if (usage === undefined) {
      if (elapsed > bounds.seconds) kill("time");
      return;
    }
    if (usage.ticks / ticksPerSecond > bounds.seconds || elapsed > bounds.seconds * patience) kill("time");
    else if ((usage.pages * pageBytes) / 1e6 > bounds.megabytes) kill("memory");
  };
  const timer = setInterval(look, 20);
  const fallback =
    pid !== undefined && procUsage(pid) === undefined ? psWatch(pid, bounds, () => kill("memory")) : undefined;
  child.once("exit", () => {
    clearInterval(timer);
    clearInterval(fallback);
  });
  return {
    breach: () => breach,
    begin: () => {
      began = performance.now();
    },
  };
};

/** Linux: resident pages, and processor time of all threads in clock ticks. */
const procUsage = (pid: number): { readonly pages: number; readonly ticks: number } | undefined => {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, "latin1");
    // The command's name, in parentheses, may hold anything.
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    return { ticks: fields[11]! + fields[12]!, pages: fields[21]! };
  } catch {
    return undefined;
  }
};

/** Elsewhere `ps` tells the resident size in kilobytes; it is slow, so it is asked seldom. */
const psWatch = (pid: number, { megabytes }: Bounds, exceeded: () => void): NodeJS.Timeout =>
  setInterval(() => {
    const ps = spawn("ps", ["-o", "rss=", "-p", String(pid)], { stdio: ["ignore", "pipe", "ignore"] });
    ps.on("error", () => undefined);
    ps.stdout.on("data", (text: Buffer) => {
      if ((Number(text.toString("latin1")) * 1024) / 1e6 > megabytes) exceeded();
    });
  }, 250);
