import { spawn, type ChildProcess } from "node:child_process";
import type { Guard } from "./guard.ts";

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Output {
  readonly line: (text: string) => void;
  /** It ended while it should not: how, and what is done about it. */
  readonly ended: (how: string) => void;
}

/** What should run until it is stopped. */
export interface KeptProcess {
  /** How it ended, where it ended so often at once that it is not started again. */
  readonly givenUp: () => string | undefined;
  /** Starts it again where that was given up. */
  readonly revived: () => void;
  readonly stop: () => Promise<void>;
}

export interface Processes {
  /** Starts it, and again when it ends. */
  readonly kept: (command: Command, told: Output) => KeptProcess;
  /** Ends all of them and whatever they started, politely first; nothing is started after it. */
  readonly stop: () => Promise<void>;
}

const politelyMs = 3000;
/** What ran this long did not fail at once. */
const steadyMs = 10_000;
const firstPauseMs = 500;
const longestPauseMs = 8000;
/** So many times in a row it may end at once. */
const mostAttempts = 6;

/** Processes that end with this one, each the first of a group of its own. */
export const processes = (guard: Pick<Guard, "began" | "ended">): Processes => {
  const running = new Map<ChildProcess, Promise<void>>();
  const all = new Set<KeptProcess>();
  let isStopping = false;
  const last = (): void => {
    for (const child of running.keys()) signalled(child, "SIGKILL");
  };
  process.once("exit", last);

  const started = ({ argv: [file, ...parameters], cwd, environment }: Command, told: Output): ChildProcess => {
    const child = spawn(file, parameters, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      ...(cwd !== undefined && { cwd }),
      env: { ...process.env, ...environment },
    });
    const { pid } = child;
    if (pid !== undefined) guard.began(pid);
    for (const stream of [child.stdout, child.stderr]) {
      let rest = "";
      stream.on("data", (chunk: Buffer) => {
        const lines = (rest + chunk.toString()).split("\n");
        rest = (lines.pop() ?? "").slice(-10_000);
        lines.forEach(told.line);
      });
    }
    const gone = new Promise<void>((resolve) => {
      const over = (how: string): void => {
        // What it started itself does not end with it.
        signalled(child, "SIGKILL");
        running.delete(child);
        if (pid !== undefined) guard.ended(pid);
        told.ended(how);
        resolve();
      };
      child.once("error", (error) => over(error.message));
      child.once("exit", (code, signal) => over(signal ?? `exit code ${code}`));
    });
    running.set(child, gone);
    return child;
  };

  const stopped = async (child: ChildProcess): Promise<void> => {
    const gone = running.get(child);
    if (gone === undefined) return;
    signalled(child, "SIGTERM");
    const late = setTimeout(() => signalled(child, "SIGKILL"), politelyMs);
    await gone;
    clearTimeout(late);
  };

  const kept: Processes["kept"] = (command, { line, ended }) => {
    let child: ChildProcess | undefined;
    let isWanted = true;
    let attempts = 0;
    let givenUp: string | undefined;
    let pause: NodeJS.Timeout | undefined;
    const start = (): void => {
      if (!isWanted || isStopping) return;
      const since = performance.now();
      child = started(command, {
        line,
        ended: (how) => {
          if (!isWanted || isStopping) return;
          attempts = performance.now() - since > steadyMs ? 1 : attempts + 1;
          if (attempts >= mostAttempts) {
            givenUp = how;
            return ended(`${how}, ${attempts} times in a row; it is started again after the next edit`);
          }
          const pauseMs = Math.min(firstPauseMs * 2 ** (attempts - 1), longestPauseMs);
          ended(`${how}; it is started again in ${pauseMs / 1000} s`);
          pause = setTimeout(start, pauseMs);
        },
      });
    };
    const self: KeptProcess = {
      givenUp: () => givenUp,
      revived: () => {
        if (givenUp === undefined) return;
        givenUp = undefined;
        attempts = 0;
        start();
      },
      stop: async () => {
        isWanted = false;
        clearTimeout(pause);
        all.delete(self);
        if (child !== undefined) await stopped(child);
      },
    };
    all.add(self);
    start();
    return self;
  };

  return {
    kept,
    stop: async () => {
      isStopping = true;
      await Promise.all([...all].map((one) => one.stop()));
      process.removeListener("exit", last);
    },
  };
};

/** All of a group: a shell's children do not end with the shell. */
const signalled = ({ pid }: ChildProcess, signal: NodeJS.Signals): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone.
  }
};
