import { spawn } from "node:child_process";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheFolder } from "./install.ts";

/** A process of a run. It dies with the harness, however the harness dies. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Everything that it wrote, both streams. */
  readonly log: string;
  /** How it ended; undefined while it runs. */
  readonly ended: () => string | undefined;
  /** Asks with SIGTERM, insists with SIGKILL after `graceMs`, and waits. */
  readonly stop: (graceMs?: number) => Promise<void>;
}

export interface ChildOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Whom the process runs as; root when absent. Changing it forgets the death signal, so the order of the two matters. */
  readonly uid?: number;
  readonly gid?: number;
  /** Namespaces to enter: those of this process. */
  readonly inside?: number;
}

const running = new Map<number, Child>();

/**
 * Runs a command with its output in `directory/name.log`. The kernel kills it when the harness ends (parent death
 * signal), so even a harness killed with SIGKILL leaves nothing running; namespaces go with their last process.
 */
export const child = (directory: string, name: string, argv: readonly string[], options: ChildOptions = {}): Child => {
  const log = join(directory, `${name}.log`);
  const descriptor = openSync(log, "a");
  // A process that is not root may not reopen /dev/stdout otherwise.
  chmodSync(log, 0o666);
  const [command = "", ...args] = [
    ...(options.inside === undefined ? [] : entering(options.inside)),
    ...unprivileged(options),
    ...mortal,
    ...argv,
  ];
  const { PATH = "/usr/sbin:/usr/bin:/sbin:/bin" } = process.env;
  const spawned = spawn(command, args, {
    stdio: ["ignore", descriptor, descriptor],
    env: { PATH, ...options.env },
    cwd: "/",
  });
  closeSync(descriptor);
  let end: string | undefined;
  const exited = new Promise<void>((resolve) => {
    const ended = (reason: string) => {
      end ??= reason;
      if (spawned.pid !== undefined) running.delete(spawned.pid);
      resolve();
    };
    spawned.on("exit", (code, signal) => ended(signal ?? `exit code ${code}`));
    spawned.on("error", (error) => ended(error.message));
  });
  // Whoever forgets to stop a run must not hang: the exit hook below ends what is left.
  spawned.unref();
  const pid = spawned.pid ?? 0;
  const stop = async (graceMs = 3000): Promise<void> => {
    if (end !== undefined) return;
    spawned.kill("SIGTERM");
    const timer = setTimeout(() => spawned.kill("SIGKILL"), graceMs);
    spawned.ref();
    await exited;
    clearTimeout(timer);
  };
  const made: Child = { name, pid, log, ended: () => end, stop };
  if (spawned.pid !== undefined) running.set(pid, made);
  hook();
  return made;
};

/** Enters the network and mount namespaces of a process. */
export const entering = (pid: number): readonly string[] => [
  "nsenter",
  "--target",
  String(pid),
  "--net",
  "--mount",
  "--",
];

export const mortal = ["setpriv", "--pdeathsig", "KILL", "--"] as const;

/** Reading is allowed everywhere: tools and run directories often lie under a home that only root may enter. */
export const unprivileged = ({
  uid,
  gid = uid,
}: {
  readonly uid?: number;
  readonly gid?: number | undefined;
}): readonly string[] =>
  uid === undefined
    ? []
    : [
        "setpriv",
        "--reuid",
        String(uid),
        "--regid",
        String(gid),
        "--clear-groups",
        "--inh-caps",
        "+dac_read_search",
        "--ambient-caps",
        "+dac_read_search",
        "--",
      ];

let hooked = false;
const hook = (): void => {
  if (hooked) return;
  hooked = true;
  process.on("exit", () => {
    for (const pid of running.keys()) killed(pid);
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      for (const pid of running.keys()) killed(pid);
      process.kill(process.pid, signal);
    });
  }
};

const killed = (pid: number): void => {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
};

/**
 * Repeats a probe until it returns something other than undefined; throws with `what` and the probe's last error after
 * `timeoutMs`, or at once with the end of the log when a process that it depends on has ended.
 */
export const eventually = async <T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  { timeoutMs = 30_000, everyMs = 20, needs = [] as readonly Child[] } = {},
): Promise<T> => {
  const deadline = performance.now() + timeoutMs;
  let last = "";
  for (;;) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    const dead = needs.find((process) => process.ended() !== undefined);
    if (dead) throw new Error(`${dead.name} ended (${dead.ended()}) before ${what}:\n${tail(dead.log)}`);
    if (performance.now() > deadline)
      throw new Error(
        `${what}: not within ${timeoutMs / 1000} s${last && ` (${last})`}${needs.length > 0 ? `; logs: ${needs.map(({ log }) => log).join(", ")}` : ""}`,
      );
    await sleep(everyMs);
  }
};

export const tail = (log: string, lines = 25): string =>
  readFileSync(log, "utf8").trimEnd().split("\n").slice(-lines).join("\n");

/** A folder for one run's logs and sockets, named by time and owner; of older runs whose owner is gone the last few stay. */
export const runDirectory = (): string => {
  const runs = join(cacheFolder(), "runs");
  mkdirSync(runs, { recursive: true });
  const finished = readdirSync(runs)
    .filter((name) => !existsSync(`/proc/${name.split("-").at(-1) ?? ""}`))
    .sort((a, b) => statSync(join(runs, b)).mtimeMs - statSync(join(runs, a)).mtimeMs);
  for (const name of finished.slice(4)) rmSync(join(runs, name), { recursive: true, force: true });
  const stamp = new Date().toISOString().replace(/[-:]/g, "").replace(/\..*/, "");
  for (let serial = 0; ; serial += 1) {
    const directory = join(runs, `${stamp}.${serial}-${process.pid}`);
    if (existsSync(directory)) continue;
    mkdirSync(directory);
    return directory;
  }
};
