/** Many clients in a process of their own, each as itself: with its own certificate, node id, and memory of what it holds. */
import { fork } from "node:child_process";
import { writeFileSync } from "node:fs";

export interface Member {
  readonly node: string;
  readonly certificate: string;
  readonly key: string;
}

/** What a client holds, by type and name: the version. */
export type Holdings = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What one client was sent since it was last asked. */
export interface Received {
  readonly node: string;
  readonly responses: number;
  readonly bytes: number;
  /** Type and name of each. */
  readonly resources: readonly string[];
  readonly removed: readonly string[];
}

export interface Start {
  readonly port: number;
  readonly roots: string;
  readonly members: readonly Member[];
  /** By node id, of those who come back. */
  readonly holdings: Readonly<Record<string, Holdings>>;
}

export type ToPopulation =
  { readonly kind: "start"; readonly file: string } | { readonly kind: "tell" } | { readonly kind: "holdings" };
export type FromPopulation =
  | { readonly kind: "ready" }
  | { readonly kind: "told"; readonly received: readonly Received[] }
  | { readonly kind: "holdings"; readonly holdings: Start["holdings"] }
  | { readonly kind: "failed"; readonly why: string };

export interface Population {
  /** What each that was sent anything got since this was last asked. */
  readonly received: () => Promise<readonly Received[]>;
  readonly holdings: () => Promise<Start["holdings"]>;
  /** All connections end at once, without a goodbye. */
  readonly cut: () => void;
}

/** Resolves when every client was answered for every type. `file` is where it reads what it is. */
export const population = async (start: Start, file: string): Promise<Population> => {
  writeFileSync(file, JSON.stringify(start), { mode: 0o600 });
  const child = fork(new URL("population-process.ts", import.meta.url));
  const asked = <K extends FromPopulation["kind"]>(
    message: ToPopulation,
    kind: K,
  ): Promise<Extract<FromPopulation, { readonly kind: K }>> =>
    new Promise((resolve, reject) => {
      const heard = (said: FromPopulation): void => {
        if (said.kind === "failed") reject(new Error(said.why));
        else if (said.kind === kind) resolve(said as Extract<FromPopulation, { readonly kind: K }>);
        else return;
        child.removeListener("message", heard);
        child.removeListener("exit", gone);
      };
      const gone = (): void => reject(new Error("the clients' process ended"));
      child.on("message", heard);
      child.once("exit", gone);
      child.send(message);
    });
  await asked({ kind: "start", file }, "ready");
  return {
    received: async () => (await asked({ kind: "tell" }, "told")).received,
    holdings: async () => (await asked({ kind: "holdings" }, "holdings")).holdings,
    cut: () => void child.kill("SIGKILL"),
  };
};
