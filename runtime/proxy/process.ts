import { createHash } from "node:crypto";
import { openSync, closeSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { ProxyConfig } from "../../targets/native/config.ts";
import { identityFiles } from "../identity-files.ts";
import { reasonOf, type Log } from "../log/log.ts";
import { sparingLog } from "../log/sparing-log.ts";
import { ownIdentity } from "./identity/own-identity.ts";
import { proxy, type ProxyOptions } from "./proxy.ts";
import { watchedFile } from "./source/watched-file.ts";
import { AccessLog } from "./telemetry/access-log.ts";
import { Metrics, type Counted } from "./telemetry/metrics.ts";
import { join } from "node:path";

export interface ProcessOptions {
  /** A file with a `ProxyConfig`. */
  readonly config: string;
  /** The folder that `mesh-control join` keeps; without one nothing can be called or answered with mTLS. */
  readonly identity?: string | undefined;
  /** A file that lines are appended to, or standard output. */
  readonly accessLog: "stdout" | "none" | { readonly file: string };
  readonly limits?: ProxyOptions["limits"];
  readonly log: Log;
}

/** What is in force in one process, and what is wrong with what is there now. */
export interface ProcessStatus {
  readonly workload: string;
  readonly takenAt: string | undefined;
  /** The SHA-256 of the file that is in force, in hexadecimal. */
  readonly configuration: string | undefined;
  /** What is there now, where it is not in force, and why. */
  readonly refused: { readonly configuration: string; readonly reason: string } | undefined;
  readonly certificate: string | undefined;
  readonly lostLogLines: number;
}

export interface ProxyProcess {
  readonly status: () => ProcessStatus;
  readonly counted: () => Counted;
  readonly close: (graceMs: number) => Promise<void>;
}

/** A proxy that follows a file and a folder. Rejects where the first configuration or identity cannot be had. */
export const proxyProcess = async ({
  config: path,
  identity: folder,
  accessLog: where,
  limits,
  log,
}: ProcessOptions): Promise<ProxyProcess> => {
  const descriptor = where === "none" ? undefined : where === "stdout" ? 1 : openSync(where.file, "a", 0o640);
  const accessLog = descriptor === undefined ? undefined : new AccessLog(descriptor);
  let current: ProxyConfig | undefined;
  /** Of what was read last. */
  let digest = "";
  let status: Omit<ProcessStatus, "lostLogLines" | "workload"> = {
    takenAt: undefined,
    configuration: undefined,
    refused: undefined,
    certificate: undefined,
  };
  const metrics = new Metrics(() => ({ id: current?.workload ?? "", identity: current?.identity ?? "" }));
  const sparing = sparingLog(log);
  const running = proxy({
    telemetry: {
      exchanged: (record) => {
        metrics.exchanged(record);
        accessLog?.exchanged(record);
      },
      connected: (record) => {
        metrics.connected(record);
        accessLog?.connected(record);
      },
      handshakeFailed: (failure) => {
        metrics.handshakeFailed(failure);
        const { side, address, code, reason } = failure;
        sparing({ level: "warn", event: "handshake failed", side, address, code, reason });
      },
    },
    ...(limits && { limits }),
  });

  const proven = async (identity: string): Promise<void> => {
    if (folder === undefined || identity === "") return;
    const own = ownIdentity(await identityFiles(folder, (files) => files), identity);
    running.provenBy(own);
    status = { ...status, certificate: own.id };
  };
  const taken = async (): Promise<void> => {
    const text = await readFile(path, "utf8");
    digest = createHash("sha256").update(text).digest("hex");
    const told = json(text);
    if (current === undefined) await proven(identityOf(told));
    const config = await running.taken(told);
    current = config;
    status = { ...status, takenAt: new Date().toISOString(), configuration: digest, refused: undefined };
    log({ level: "info", event: "configuration taken", workload: config.workload, listeners: config.listeners.length });
  };
  await taken();

  let queue = Promise.resolve();
  const noLonger = [
    watchedFile(path, () => {
      queue = queue.then(taken).catch((error: unknown) => {
        // What is in force stays in force, whole.
        status = { ...status, refused: { configuration: digest, reason: reasonOf(error) } };
        log({ level: "error", event: "configuration refused", reason: reasonOf(error) });
      });
    }),
    ...(folder === undefined
      ? []
      : [
          watchedFile(join(folder, "..data"), () => {
            queue = queue
              .then(() => proven(current?.identity ?? ""))
              .then(() => log({ level: "info", event: "identity renewed", identity: current?.identity }))
              .catch((error: unknown) => log({ level: "error", event: "identity refused", reason: reasonOf(error) }));
          }),
        ]),
  ];
  return {
    status: () => ({ ...status, workload: current?.workload ?? "", lostLogLines: accessLog?.dropped ?? 0 }),
    counted: () => metrics.counted(),
    close: async (graceMs) => {
      for (const end of noLonger) end();
      await queue;
      await running.close(graceMs);
      await accessLog?.flushed();
      if (where !== "none" && where !== "stdout" && descriptor !== undefined) closeSync(descriptor);
    },
  };
};

/** The JSON of a file; what it says is judged by whoever goes over to it. */
const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("the configuration is no JSON");
  }
};

const identityOf = (told: unknown): string => {
  const { identity } = (told ?? {}) as { readonly identity?: unknown };
  return typeof identity === "string" ? identity : "";
};
