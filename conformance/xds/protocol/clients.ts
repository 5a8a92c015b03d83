/** Many delta clients in a process of their own, each under its own name, for benches and for tests of the server's limits. */
import { fork } from "node:child_process";

export interface ClientsOptions {
  readonly port: number;
  readonly count: number;
  /** Of the mesh's client certificate, where the server wants one; PEM. */
  readonly tls?: { readonly ca: string; readonly key: string; readonly certificate: string };
  /** Node ids are `${prefix}${index}`. */
  readonly prefix?: string;
}

/** What the child says: how far it came, and when that was on the wall clock, to compare across processes. */
export interface ClientsReport {
  /** Clients that acknowledged it: all of them. */
  readonly arrived: number;
  /** Milliseconds since 1970, of each arrival, in order. */
  readonly at: readonly number[];
}

export type ToClients =
  | { readonly kind: "start"; readonly options: ClientsOptions }
  | { readonly kind: "await"; readonly serial: number; readonly typeUrl: string; readonly changes: number };
export type FromClients =
  | { readonly kind: "connected" }
  | { readonly kind: "counting"; readonly serial: number }
  | ({ readonly kind: "arrived"; readonly serial: number } & ClientsReport)
  | { readonly kind: "failed"; readonly why: string };

export interface Clients {
  /**
   * From when this resolves, responses of the type are counted; what it resolves to resolves when every client has
   * acknowledged that many.
   */
  readonly awaiting: (typeUrl: string, changes?: number) => Promise<{ readonly arrived: Promise<ClientsReport> }>;
  readonly stopped: () => void;
}

/** Resolves when every client has acknowledged its first view: clusters, their endpoints, listeners. */
export const clients = async (options: ClientsOptions): Promise<Clients> => {
  const child = fork(new URL("clients-process.ts", import.meta.url));
  const listeners = new Set<(message: FromClients) => void>();
  child.on("message", (message: FromClients) => {
    for (const listener of listeners) listener(message);
  });
  const said = <T>(when: (message: FromClients) => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const listener = (message: FromClients): void => {
        const value = when(message);
        if (message.kind === "failed") reject(new Error(message.why));
        else if (value === undefined) return;
        else resolve(value);
        listeners.delete(listener);
      };
      listeners.add(listener);
      child.once("exit", (code) => reject(new Error(`the clients' process ended with ${code}`)));
    });
  const send = (message: ToClients): void => void child.send(message);
  const connected = said((message) => (message.kind === "connected" ? true : undefined));
  send({ kind: "start", options });
  await connected;
  let serial = 0;
  return {
    awaiting: async (typeUrl, changes = 1) => {
      const mine = (serial += 1);
      const arrived = said((message) =>
        message.kind === "arrived" && message.serial === mine
          ? { arrived: message.arrived, at: message.at }
          : undefined,
      );
      const counting = said((message) => (message.kind === "counting" && message.serial === mine ? true : undefined));
      send({ kind: "await", serial: mine, typeUrl, changes });
      await counting;
      return { arrived };
    },
    stopped: () => void child.kill("SIGKILL"),
  };
};
