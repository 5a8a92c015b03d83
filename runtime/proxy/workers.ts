import cluster, { type Worker } from "node:cluster";
import { reasonOf, type Log } from "../log/log.ts";
import { proxyProcess, type ProcessOptions, type ProcessStatus, type ProxyProcess } from "./process.ts";
import type { Counted } from "./telemetry/metrics.ts";

export interface WorkersOptions extends Omit<ProcessOptions, "log" | "addressesOf"> {
  readonly workers: number;
  readonly log: Log;
}

/** All processes of one proxy. */
export interface Workers {
  /** How many there are, those among them that are on their way back. */
  readonly count: number;
  readonly status: () => Promise<readonly ProcessStatus[]>;
  readonly counted: () => Promise<readonly Counted[]>;
  readonly close: (graceMs: number) => Promise<void>;
}

type Asked =
  | { readonly kind: "status" | "counted"; readonly number: number }
  | { readonly kind: "close"; readonly graceMs: number };
type Said =
  | { readonly kind: "ready" }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "log"; readonly entry: Parameters<Log>[0] }
  | { readonly kind: "answer"; readonly number: number; readonly value: unknown };

/**
 * One process, or several that listen on the same ports: the kernel divides connections among them, so that one that dies
 * takes only its own with it, and is started again.
 */
export const workers = async ({ workers: count, log, ...options }: WorkersOptions): Promise<Workers> => {
  if (count === 1) return alone(await proxyProcess({ ...options, log }));
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const env = { [taskVariable]: JSON.stringify(options) };
  let isClosing = false;
  let number = 0;
  /** Forked, and not serving yet. */
  const starting = new Set<Worker>();
  const questions = new Map<number, (value: unknown) => void>();

  const started = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = cluster.fork(env);
      starting.add(worker);
      worker.on("message", (said: Said) => {
        if (said.kind === "ready") {
          starting.delete(worker);
          running.add(worker);
          resolve();
        } else if (said.kind === "failed") reject(new Error(said.reason));
        else if (said.kind === "log") log(said.entry);
        else questions.get(said.number)?.(said.value);
      });
      worker.once("exit", (code, signal) => {
        starting.delete(worker);
        reject(new Error("a worker ended before it was ready"));
        if (isClosing || !running.delete(worker)) return;
        log({
          level: "error",
          event: "worker ended",
          pid: worker.process.pid,
          code: code ?? undefined,
          signal: signal ?? undefined,
        });
        again(0);
      });
    });
  /** Not faster and faster: what ends every worker at once is not mended by starting more of them. */
  const again = (failures: number): void => {
    setTimeout(
      () => {
        if (isClosing) return;
        started().then(
          () => undefined,
          (error: unknown) => {
            log({ level: "error", event: "worker not started", reason: reasonOf(error) });
            again(failures + 1);
          },
        );
      },
      Math.min(100 * 2 ** failures, 10_000),
    ).unref();
  };
  const running = new Set<Worker>();
  try {
    await Promise.all(Array.from({ length: count }, started));
  } catch (error) {
    isClosing = true;
    for (const worker of [...starting, ...running]) worker.process.kill("SIGKILL");
    throw error;
  }

  const asked = async <T>(kind: "status" | "counted"): Promise<readonly T[]> =>
    (await Promise.all([...running].map((worker) => answer<T>(worker, kind)))).flatMap((one) => one ?? []);
  const answer = <T>(worker: Worker, kind: "status" | "counted"): Promise<[T] | undefined> =>
    new Promise((resolve) => {
      number += 1;
      const mine = number;
      const done = (value: [T] | undefined): void => {
        clearTimeout(late);
        questions.delete(mine);
        resolve(value);
      };
      // One that hangs must not hide the others.
      const late = setTimeout(() => done(undefined), 2000);
      questions.set(mine, (value) => done([value as T]));
      worker.send({ kind, number: mine } satisfies Asked, (error) => error && done(undefined));
    });

  return {
    count,
    status: () => asked("status"),
    counted: () => asked("counted"),
    close: async (graceMs) => {
      isClosing = true;
      for (const worker of starting) worker.process.kill("SIGKILL");
      await Promise.all(
        [...running].map(
          (worker) =>
            new Promise<void>((resolve) => {
              if (worker.isDead()) return resolve();
              const late = setTimeout(() => worker.process.kill("SIGKILL"), graceMs + 5000);
              worker.once("exit", () => {
                clearTimeout(late);
                resolve();
              });
              // Who is gone meanwhile tells so by its exit.
              worker.send({ kind: "close", graceMs } satisfies Asked, () => undefined);
            }),
        ),
      );
    },
  };
};

const alone = (process: ProxyProcess): Workers => ({
  count: 1,
  status: () => Promise.resolve([process.status()]),
  counted: () => Promise.resolve([process.counted()]),
  close: process.close,
});

const taskVariable = "MESHWRIGHT_PROXY_WORKER";

/** Whether this process is one of several; if so it serves until it is told to end, and this does not return before. */
export const servedAsWorker = async (): Promise<boolean> => {
  const task = process.env[taskVariable];
  if (!cluster.isWorker || task === undefined) return false;
  const say = (said: Said): void => void process.send?.(said);
  // The first process is told to end, and tells the others: a terminal's signals reach all of them.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => undefined);
  let served: ProxyProcess;
  try {
    served = await proxyProcess({
      ...(JSON.parse(task) as Omit<ProcessOptions, "log">),
      log: (entry) => say({ kind: "log", entry }),
    });
  } catch (error) {
    say({ kind: "failed", reason: reasonOf(error) });
    process.disconnect?.();
    return true;
  }
  const end = (graceMs: number): void => void served.close(graceMs).finally(() => process.exit(0));
  process.on("message", (asked: Asked) => {
    if (asked.kind === "close") end(asked.graceMs);
    else say({ kind: "answer", number: asked.number, value: served[asked.kind]() });
  });
  // Without the first process nobody would end this one.
  process.on("disconnect", () => end(1000));
  say({ kind: "ready" });
  await new Promise(() => undefined);
  return true;
};
