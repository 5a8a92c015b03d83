import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A command in a shell of its own, as the leader of a group, as a terminal has it. */
export interface Started {
  /** On both outputs, in its order. */
  readonly said: () => string;
  readonly ended: Promise<unknown>;
  readonly isEnded: () => boolean;
  readonly interrupted: () => void;
  readonly killed: () => void;
}

/** Long enough for an install on a busy machine. */
const patienceMs = 300_000;

export const shell = (folder: string, scratch: string, environment: NodeJS.ProcessEnv) => {
  let count = 0;
  const started = (command: string): Started => {
    count += 1;
    const file = join(scratch, `said-${count}`);
    // One file for both: two pipes would lose the order of what is said.
    const output = openSync(file, "a");
    const child = spawn("bash", ["-c", command], {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ["ignore", output, output],
    });
    closeSync(output);
    let isEnded = false;
    const ended = once(child, "close").then(() => (isEnded = true));
    const group = (signal: NodeJS.Signals): void => {
      if (child.pid !== undefined && !isEnded) process.kill(-child.pid, signal);
    };
    return {
      said: () => readFileSync(file, "utf8"),
      ended,
      isEnded: () => isEnded,
      interrupted: () => group("SIGINT"),
      killed: () => group("SIGKILL"),
    };
  };
  /** To its end, or until it has said something; what it said until then. */
  const until = async (running: Started, words?: RegExp): Promise<string> => {
    for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(50))
      if (running.isEnded() || (words !== undefined && words.test(running.said()))) return running.said();
    running.killed();
    await running.ended;
    return `${running.said()}\n(killed: it did not end)`;
  };
  return { started, until };
};
