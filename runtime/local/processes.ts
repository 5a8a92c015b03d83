import { spawn, type ChildProcess } from "node:child_process";

export interface Command {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Processes {
  /** Starts it; `ended` is called if it ends while it should not. */
  readonly start: (command: Command, told: Told) => void;
  /** Ends all of them and whatever they started, politely first. */
  readonly stop: () => Promise<void>;
}

export interface Told {
  readonly line: (text: string) => void;
  readonly ended: (how: string) => void;
}

const politelyMs = 3000;

/** Processes that end with this one, each the first of a group of its own. */
export const processes = (): Processes => {
  const running = new Map<ChildProcess, Promise<void>>();
  let isStopping = false;
  /** All of a group: a shell's children do not end with the shell. */
  const signalled = (child: ChildProcess, signal: NodeJS.Signals): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It is gone.
    }
  };
  const last = (): void => {
    for (const child of running.keys()) signalled(child, "SIGKILL");
  };
  process.once("exit", last);
  return {
    start: ({ argv: [file, ...parameters], cwd, environment }, { line, ended }) => {
      const child = spawn(file, parameters, {
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        ...(cwd !== undefined && { cwd }),
        env: { ...process.env, ...environment },
      });
      for (const stream of [child.stdout, child.stderr]) {
        let rest = "";
        stream.on("data", (chunk: Buffer) => {
          const lines = (rest + chunk.toString()).split("\n");
          rest = (lines.pop() ?? "").slice(-10_000);
          lines.forEach(line);
        });
      }
      const gone = new Promise<void>((resolve) => {
        const over = (how: string): void => {
          running.delete(child);
          if (!isStopping) ended(how);
          resolve();
        };
        child.once("error", (error) => over(error.message));
        child.once("exit", (code, signal) => over(signal ?? `exit code ${code}`));
      });
      running.set(child, gone);
    },
    stop: async () => {
      isStopping = true;
      const all = [...running];
      for (const [child] of all) signalled(child, "SIGTERM");
      const late = setTimeout(last, politelyMs);
      await Promise.all(all.map(([, gone]) => gone));
      clearTimeout(late);
      process.removeListener("exit", last);
    },
  };
};
