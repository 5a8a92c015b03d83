import { spawn } from "node:child_process";
import { join } from "node:path";
import { entering, mortal } from "../../../conformance/rig/process.ts";
import type { FromClients, Observed, PlaneSpec, Timeout, ToClients, Write } from "./messages.ts";

/** The simulated proxies of all planes, in one process inside the network of the control planes. */
export interface Clients {
  /** Resolves when each proxy holds the routes of the changed service. */
  readonly connected: (plane: PlaneSpec) => Promise<void>;
  /** Makes a change and resolves when every proxy of the plane has acknowledged it and nothing more comes. */
  readonly observed: (plane: string, write: Write, timeout: Timeout) => Promise<Observed>;
  readonly stop: () => Promise<void>;
}

/** `inside` is a process in the network namespace of the control planes. */
export const clients = (inside: number): Clients => {
  const [command, ...parameters] = [
    ...entering(inside),
    ...mortal,
    process.execPath,
    join(import.meta.dirname, "process.ts"),
  ];
  const child = spawn(command, parameters, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  const answered = <T>(asked: ToClients, answer: (message: FromClients) => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const exited = (code: number | null): void => reject(new Error(`the clients' process ended with ${code}`));
      const listener = (message: FromClients): void => {
        const value = answer(message);
        if (value === undefined && message.kind !== "failed") return;
        child.off("message", listener).off("exit", exited);
        if (message.kind === "failed") reject(new Error(message.why));
        else resolve(value as T);
      };
      child.on("message", listener).once("exit", exited);
      child.send(asked);
    });
  return {
    connected: (plane) =>
      answered({ kind: "connect", plane }, (message) =>
        message.kind === "connected" && message.plane === plane.name ? (true as const) : undefined,
      ).then(() => undefined),
    observed: (plane, write, timeout) =>
      answered({ kind: "change", plane, write, timeout }, (message) =>
        message.kind === "observed" ? message.observed : undefined,
      ),
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
};
