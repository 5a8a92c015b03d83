import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

/** One command as a person would type it: run in `cwd`, its standard output in a file where it has one. */
export interface Command {
  readonly cwd: string;
  readonly argv: readonly [string, ...string[]];
  readonly stdout?: string;
}

/** Seconds by the wall from start to the last exit, and the peak of proportional memory over the whole tree. */
export interface Run {
  readonly seconds: number;
  /** Megabytes; only where it was asked for, since looking costs time. */
  readonly peakMegabytes?: number;
}

const sampleEvery = 15;

/**
 * Runs commands one after another, as `a && b` does. Throws, with what it printed, where one fails.
 * `memory` samples every process of the tree; the proportional set size counts a page that several share once.
 */
export async function run(commands: readonly Command[], memory: boolean): Promise<Run> {
  const start = performance.now();
  let peak = 0;
  for (const command of commands) peak = Math.max(peak, await one(command, memory));
  return { seconds: (performance.now() - start) / 1000, ...(memory && { peakMegabytes: peak / 2 ** 20 }) };
}

async function one({ cwd, argv: [file, ...args], stdout }: Command, memory: boolean): Promise<number> {
  const output = stdout === undefined ? undefined : openSync(stdout, "w");
  const child = spawn(file, args, { cwd, stdio: ["ignore", output ?? "pipe", "pipe"], env: environment });
  if (output !== undefined) closeSync(output);
  const printed: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => printed.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => printed.push(chunk));
  let peak = 0;
  const tree = new Set<number>(child.pid === undefined ? [] : [child.pid]);
  const timer = memory ? setInterval(() => (peak = Math.max(peak, proportionalBytes(tree))), sampleEvery) : undefined;
  try {
    await exit(child);
  } catch (error) {
    throw new Error(
      `${[file, ...args].join(" ")}: ${String(error)}\n${Buffer.concat(printed).toString().slice(0, 4000)}`,
      { cause: error },
    );
  } finally {
    clearInterval(timer);
  }
  return peak;
}

/** Nothing of the machine's own settings may favour one tool: GOGC, NODE_OPTIONS, a type checker's cache. */
const environment = { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, LANG: "C.UTF-8" };

const exit = (child: ChildProcess): Promise<void> =>
  new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => (code === 0 ? resolve() : reject(new Error(`ended with ${code ?? signal}`))));
  });

/** Adds to `tree` what its processes have started since, and sums their memory. A process that just ended counts nothing. */
function proportionalBytes(tree: Set<number>): number {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    // The command's name, in brackets, may hold anything; state and parent follow it.
    const parent = Number(read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[1]);
    if (Number.isInteger(parent)) parents.set(pid, parent);
  }
  for (let grown = true; grown;) {
    grown = false;
    for (const [pid, parent] of parents) {
      if (!tree.has(parent) || tree.has(pid)) continue;
      tree.add(pid);
      grown = true;
    }
  }
  let bytes = 0;
  for (const pid of tree) bytes += Number(/^Pss: +(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) * 1024;
  return bytes;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
