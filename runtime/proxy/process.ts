import { createHash } from "node:crypto";
import { openSync, closeSync } from "node:fs";
import type { ProxyConfig } from "../../targets/native/config.ts";
import { identityFiles } from "../identity-files.ts";
import { reasonOf, type Log } from "../log/log.ts";
import { sparingLog } from "../log/sparing-log.ts";
import { ownIdentity } from "./identity/own-identity.ts";
import { proxy, type ProxyOptions } from "./proxy.ts";
import { nothing, stampedFile } from "./source/stamped-file.ts";
import { watchedFile } from "./source/watched-file.ts";
import { AccessLog } from "./telemetry/access-log.ts";
import { Metrics, type Counted } from "./telemetry/metrics.ts";
import { join } from "node:path";

export interface ProcessOptions {
  /** A file with a `ProxyConfig`. */
  readonly config: string;
  /**
   * Somebody writes the file: whether it is there at the start, or can be used, says nothing. Nothing is served without one, nor
   * with one that says so.
   */
  readonly waits?: boolean;
  /** The folder that `mesh-control join` keeps; without one nothing can be called or answered with mTLS. */
  readonly identity?: string | undefined;
  /** A file that lines are appended to, or standard output. */
  readonly accessLog: "stdout" | "none" | { readonly file: string };
  readonly limits?: ProxyOptions["limits"];
  readonly addressesOf?: ProxyOptions["addressesOf"];
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
  /** The stamp of the file that is in force or refused, or says that nothing is to be. */
  readonly read: string | undefined;
  readonly certificate: string | undefined;
  readonly lostLogLines: number;
}

export interface ProxyProcess {
  readonly status: () => ProcessStatus;
  readonly counted: () => Counted;
  readonly close: (graceMs: number) => Promise<void>;
}

/** How soon a file is tried again that could not be used while nothing is in force: what was in its way may be gone. */
const triedAgainMs = 2000;

/** A proxy that follows a file and a folder. Unless it waits, rejects where the first configuration or identity cannot be had. */
export const proxyProcess = async ({
  config: path,
  waits = false,
  identity: folder,
  accessLog: where,
  limits,
  addressesOf,
  log,
}: ProcessOptions): Promise<ProxyProcess> => {
  const descriptor = where === "none" ? undefined : where === "stdout" ? 1 : openSync(where.file, "a", 0o640);
  const accessLog = descriptor === undefined ? undefined : new AccessLog(descriptor);
  let current: ProxyConfig | undefined;
  /** Of what was read last. */
  let [digest, read] = ["", ""];
  let status: Omit<ProcessStatus, "lostLogLines" | "workload"> = {
    takenAt: undefined,
    configuration: undefined,
    refused: undefined,
    read: undefined,
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
    ...(addressesOf && { addressesOf }),
  });

  /** Whether there is something to prove, and a folder that says how. */
  const proven = async (identity: string): Promise<boolean> => {
    if (folder === undefined || identity === "") return false;
    const own = ownIdentity(await identityFiles(folder, (files) => files), identity);
    running.provenBy(own);
    status = { ...status, certificate: own.id };
    return true;
  };
  const emptied = async (): Promise<void> => {
    await running.emptied();
    current = undefined;
    status = { ...status, takenAt: undefined, configuration: undefined, read, refused: undefined };
  };
  const taken = async (): Promise<void> => {
    [digest, read] = ["", ""];
    const { text, stamp } = await stampedFile(path);
    [digest, read] = [createHash("sha256").update(text).digest("hex"), stamp];
    if (waits && text === nothing) return emptied();
    if (digest === status.configuration) return void (status = { ...status, read, refused: undefined });
    const told = json(text);
    if (current === undefined) await proven(identityOf(told));
    const config = await running.taken(told);
    current = config;
    status = { ...status, takenAt: new Date().toISOString(), configuration: digest, read, refused: undefined };
    log({ level: "info", event: "configuration taken", workload: config.workload, listeners: config.listeners.length });
  };
  let queue = Promise.resolve();
  let isClosing = false;
  let later: NodeJS.Timeout | undefined;
  const follow = (): void => void (queue = queue.then(taken).catch(refused));
  /** What is in force stays in force, whole. */
  const refused = (error: unknown): void => {
    if (waits && isMissing(error)) return void (status = { ...status, refused: undefined });
    const reason = reasonOf(error);
    const isSaid = status.refused?.configuration === digest && status.refused.reason === reason;
    status = { ...status, read, refused: { configuration: digest, reason } };
    if (!isSaid) log({ level: "error", event: "configuration refused", reason });
    clearTimeout(later);
    if (waits && current === undefined && !isClosing) later = setTimeout(follow, triedAgainMs).unref();
  };
  const renewed = async (): Promise<void> => {
    try {
      const isProven = await proven(current?.identity ?? "");
      if (isProven) log({ level: "info", event: "identity renewed", identity: current?.identity });
    } catch (error) {
      log({ level: "error", event: "identity refused", reason: reasonOf(error) });
    }
  };
  // Before they are read: what is exchanged meanwhile is read again.
  const watched = [
    watchedFile(path, follow),
    ...(folder === undefined ? [] : [watchedFile(join(folder, "..data"), () => void (queue = queue.then(renewed)))]),
  ];
  const unwatched = (): void => {
    for (const end of watched) end();
  };
  try {
    const first = taken();
    queue = first.catch(waits ? refused : () => undefined);
    await (waits ? queue : first);
  } catch (error) {
    unwatched();
    throw error;
  }
  return {
    status: () => ({ ...status, workload: current?.workload ?? "", lostLogLines: accessLog?.dropped ?? 0 }),
    counted: () => metrics.counted(),
    close: async (graceMs) => {
      isClosing = true;
      clearTimeout(later);
      unwatched();
      await queue;
      await running.close(graceMs);
      await accessLog?.flushed();
      if (where !== "none" && where !== "stdout" && descriptor !== undefined) closeSync(descriptor);
    },
  };
};

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === "ENOENT";

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
