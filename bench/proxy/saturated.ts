import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { LoadGenerator } from "../../conformance/rig/install.ts";
import { footprint } from "../../conformance/rig/footprint.ts";
import { connections } from "./half-load/messages.ts";
import { requestHeaders } from "./request.ts";

/** What a proxy did while it was asked as fast as it answered. */
export interface Saturated {
  readonly requests: number;
  readonly perSecond: number;
  /** Processor time of the proxy's process, user and system, in microseconds. */
  readonly microsecondsPerRequest: number;
}

const ran = promisify(execFile);

/** Throws where anything but 200 came, or a connection broke: what was not answered costs little. */
export const saturated = async (
  { wrk, libraries }: LoadGenerator,
  pid: number,
  url: string,
  seconds: number,
): Promise<Saturated> => {
  const headers = requestHeaders.flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const argv = ["-t", "1", "-c", String(connections), "-d", `${seconds}s`, ...headers, url];
  const before = footprint(pid).processorMs;
  const { stdout } = await ran(wrk, argv, { env: libraries });
  const usedMs = footprint(pid).processorMs - before;
  const wrong = /^.*(Non-2xx|Socket errors).*$/m.exec(stdout)?.[0];
  if (wrong !== undefined) throw new Error(`${url}: ${wrong.trim()}`);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (!(requests > 0)) throw new Error(`${url}: wrk counted no request:\n${stdout}`);
  return {
    requests,
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    microsecondsPerRequest: (usedMs * 1000) / requests,
  };
};
