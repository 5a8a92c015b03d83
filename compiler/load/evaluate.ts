import { sandboxProcess, ses, startAhead, type SandboxProcess } from "./sandbox-process.ts";
import type { Limits } from "./sandbox/limits.ts";
import { valueUnits } from "./sandbox/plain-data.ts";
import type { KnownModule, Outcome, Settings, TaskModule, Value } from "./sandbox/protocol.ts";
import { watched } from "./sandbox/watch.ts";
import { aheadModules, type Ahead } from "./task.ts";

/** A killed process leaves nothing but the module that it was in. */
export type Evaluated =
  | { readonly kind: "outcome"; readonly outcome: Outcome; readonly values: readonly Value[] }
  | { readonly kind: "time" | "memory" | "size" | "crash"; readonly module: number; readonly signal: string };

const newline = 0x0a;

/** Modules are sent in larger pieces: a system call for each costs more than to evaluate it. */
const piece = 1 << 16;

/** What a bare Node with SES takes, beside the heap that is limited. */
const bareMegabytes = 256;

/** A process that evaluates modules as they are sent. */
export interface Sandbox {
  /** What it has evaluated already. */
  readonly ahead: Ahead;
  readonly send: (module: TaskModule | KnownModule) => void;
  /** No more modules come. */
  readonly outcome: () => Promise<Evaluated>;
  /** What it would say is no longer asked for. */
  readonly stop: () => void;
}

type TaskSettings = Omit<Settings, "ses" | "largestResult">;

const firstLine = (settings: TaskSettings, { resultMegabytes }: Limits): string => {
  const first: Settings = { ses, largestResult: resultMegabytes * 1e6, ...settings };
  return JSON.stringify(first);
};

/** What a process was told that waits for its task. */
const told = new WeakMap<SandboxProcess, { readonly first: string; readonly ahead: Ahead }>();

/**
 * Has a process ready for values, which has evaluated these modules: they hold no state, so whoever needs none of them sees nothing
 * of it.
 */
export const sandboxAhead = (settings: TaskSettings, limits: Limits, ahead: Ahead): void => {
  const evaluator = startAhead({ locked: true });
  if (evaluator === undefined) return;
  const first = firstLine(settings, limits);
  told.set(evaluator, { first, ahead });
  evaluator.stdin.write([first, ...aheadModules(ahead).map((module) => JSON.stringify(module)), ""].join("\n"));
};

/** Evaluates in a process of its own, which is killed when it goes beyond its limits. What comes back is text, parsed here. */
export const sandbox = (settings: TaskSettings, limits: Limits): Sandbox => {
  const { promise, resolve, reject } = Promise.withResolvers<Evaluated>();
  // Awaited later, or never when it is stopped.
  promise.catch(() => undefined);
  const first = firstLine(settings, limits);
  const evaluator = sandboxProcess(limits, {
    stacks: settings.locate !== undefined,
    isFit: (found) => (told.get(found)?.first ?? first) === first,
  });
  const watch = watched(evaluator, { seconds: limits.seconds, megabytes: limits.megabytes + bareMegabytes });

  const largest = limits.resultMegabytes * 1e6 * 2;
  const values: Value[] = [];
  let line: Buffer[] = [];
  let size = 0;
  let tooLarge = false;
  const counted = valueCount();
  evaluator.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    // What the evaluator counted is counted again: whoever got out of it says what they like.
    tooLarge ||= size > largest || counted(chunk) * valueUnits > largest;
    if (tooLarge) return void evaluator.kill("SIGKILL");
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      try {
        const said = JSON.parse(Buffer.concat([...line, chunk.subarray(start, end)]).toString("utf8")) as
          Value | Outcome;
        if ("value" in said) values.push(said);
        else resolve({ kind: "outcome", outcome: said, values });
      } catch {
        // Whoever speaks there is no longer our program.
        return void evaluator.kill("SIGKILL");
      }
      line = [];
      start = end + 1;
    }
    line.push(chunk.subarray(start));
  });
  let complaint = "";
  evaluator.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString("utf8")).slice(0, 10_000);
  });
  let marks = "";
  evaluator.stdio[3]!.on("data", (chunk: Buffer) => {
    marks = (marks + chunk.toString("latin1")).slice(-100);
  });

  evaluator.once("error", reject);
  evaluator.once("close", (code, signal) => {
    const module = Number(marks.trimEnd().split("\n").at(-1) || "-1");
    const breach = watch.breach();
    const died = { module, signal: signal ?? `exit code ${String(code)}` };
    if (tooLarge) resolve({ kind: "size", ...died });
    else if (breach !== undefined && module >= 0) resolve({ kind: breach, ...died });
    else if (module < 0) reject(new Error(`the sandbox did not start (${died.signal}): ${complaint}`));
    else resolve({ kind: outOfMemory.test(complaint) ? "memory" : "crash", ...died });
  });

  let pending: string[] = [];
  let length = 0;
  const flush = (): void => {
    evaluator.stdin.write(pending.join(""));
    pending = [];
    length = 0;
  };
  const write = (line: string): void => {
    pending.push(line, "\n");
    length += line.length;
    if (length > piece) flush();
  };
  const before = told.get(evaluator);
  if (before === undefined) {
    write(first);
    flush();
  }
  return {
    ahead: before?.ahead ?? new Map(),
    send: (module) => write(JSON.stringify(module)),
    outcome: () => {
      watch.begin();
      flush();
      evaluator.stdin.end();
      return promise;
    },
    stop: () => evaluator.kill("SIGKILL"),
  };
};

/**
 * Of JSON in pieces, how many values began so far, before any is made: at least all but the outermost, at most twice as many.
 */
const valueCount = (): ((chunk: Buffer) => number) => {
  let count = 0;
  let inText = false;
  let escaped = false;
  return (chunk) => {
    // By index: an iterator takes ten times as long.
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === backslash) escaped = true;
        else if (byte === quote) inText = false;
      } else if (byte === quote) inText = true;
      else if (byte === comma || byte === brace || byte === bracket) count += 1;
    }
    return count;
  };
};
const quote = 0x22;
const comma = 0x2c;
const bracket = 0x5b;
const backslash = 0x5c;
const brace = 0x7b;

/** V8's last words, and Node's. */
const outOfMemory = /heap out of memory|heap limit|Allocation failed|invalid table size|OOM error/i;
