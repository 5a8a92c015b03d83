import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { extension, sandboxFolder } from "./installation.ts";
import { confined } from "./sandbox/confined.ts";
import { defaultLimits } from "./sandbox/limits.ts";

const require = createRequire(import.meta.url);

/** The path of SES's bundle. */
export const ses = join(dirname(require.resolve("ses/package.json")), "dist", "ses.umd.min.js");

const program = join(sandboxFolder, `child${extension}`);

/** Standard input, output and error, and the marks that it makes while it runs. */
export interface SandboxProcess extends ChildProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
}

/** What a process may use at most, in megabytes of heap and seconds of processor time. */
interface Bounds {
  readonly megabytes: number;
  readonly seconds: number;
}

/**
 * A process that may read nothing but its own code and has an empty environment in UTC. It waits for its settings on
 * standard input, and ends when there are none.
 */
const started = ({ megabytes, seconds }: Bounds, locked = false): SandboxProcess => {
  const [command, parameters] = confined(
    process.execPath,
    [
      "--permission",
      `--allow-fs-read=${sandboxFolder}*`,
      `--allow-fs-read=${ses}`,
      `--max-old-space-size=${String(megabytes)}`,
      // Every module is evaluated once: to remember it costs a fifth of the time.
      "--no-compilation-cache",
      // Young objects get less room than usual: a tenth of the memory for nearly no time.
      "--max-semi-space-size=4",
      "--no-warnings",
      program,
      ...(locked ? [ses] : []),
    ],
    seconds,
  );
  const sandbox = spawn(command, parameters, {
    env: { TZ: "UTC" },
    stdio: ["pipe", "pipe", "pipe", "pipe"],
    cwd: tmpdir(),
  });
  // It may be killed while it reads.
  sandbox.stdin.on("error", () => undefined);
  return sandbox;
};

/** Enough for a mesh of ten thousand policies; whoever has more starts a process of their own. */
const ahead: Bounds = { megabytes: defaultLimits.megabytes, seconds: 2 * defaultLimits.seconds };
let waiting: SandboxProcess | undefined;
let waitsLocked = false;

const held = (sandbox: SandboxProcess): readonly { readonly ref: () => void; readonly unref: () => void }[] => [
  sandbox,
  ...sandbox.stdio.map((stream) => stream as Socket),
];

/**
 * Starts a process before it is known what for: it takes as long to start as the compiler takes to load. `locked`: it also
 * locks itself down, which serves whoever will ask for values and for no places. Undefined where one waits already.
 */
export const startAhead = ({ locked = false } = {}): SandboxProcess | undefined => {
  if (waiting !== undefined) return undefined;
  const sandbox = started(ahead, locked);
  waiting = sandbox;
  waitsLocked = locked;
  // It may end long after it was taken, when another waits.
  const forget = (): void => {
    if (waiting === sandbox) waiting = undefined;
  };
  sandbox.once("exit", forget).once("error", forget);
  // Nobody waits for it until it has something to do.
  for (const handle of held(sandbox)) handle.unref();
  return sandbox;
};

/** A process for an evaluation: the one that was started ahead, if it is as is asked. */
export const sandboxProcess = (
  bounds: Bounds,
  asked: { readonly stacks: boolean; readonly isFit: (found: SandboxProcess) => boolean },
): SandboxProcess => {
  const found = waiting;
  if (
    found === undefined ||
    (waitsLocked && asked.stacks) ||
    bounds.megabytes !== ahead.megabytes ||
    bounds.seconds > ahead.seconds
  )
    return started(bounds);
  waiting = undefined;
  if (!asked.isFit(found)) {
    // It was told something else ahead, and can be told nothing else.
    found.kill("SIGKILL");
    return started(bounds);
  }
  for (const handle of held(found)) handle.ref();
  return found;
};
