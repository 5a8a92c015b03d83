import { spawn } from "node:child_process";
import { join } from "node:path";
import { mortal } from "../../../conformance/rig/process.ts";
import { requestHeaders } from "../request.ts";
import type { Asked, Latencies, Said } from "./messages.ts";

/**
 * Latencies at a constant rate, each counted from when its request was due and not from when there was room to send it:
 * a proxy that stands still for a moment is late for all that was due meanwhile. Throws where anything but 200 comes.
 */
export const atConstantRate = async ({
  port,
  path,
  ...rate
}: Omit<Asked, "request"> & { readonly path: string }): Promise<Latencies> => {
  const fields = requestHeaders.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const [command, ...parameters] = [...mortal, process.execPath, join(import.meta.dirname, "process.ts")];
  const child = spawn(command, parameters, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  try {
    return await new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`the process that asks ended with ${code}`)));
      child.on("message", (said: Said) => {
        if (said.kind === "failed") reject(new Error(`at ${rate.perSecond} requests a second: ${said.why}`));
        else resolve(said.latencies);
      });
      child.send({ port, request: `GET ${path} HTTP/1.1\r\n${fields}\r\n`, ...rate } satisfies Asked);
    });
  } finally {
    child.kill("SIGKILL");
  }
};
