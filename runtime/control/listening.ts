import { Server } from "@grpc/grpc-js";
import { adsServerOptions, type AdsServer, type Limits } from "./ads/index.ts";
import type { Authority } from "./identity/index.ts";
import { transport } from "./transport.ts";

export interface ListeningOptions {
  readonly server: AdsServer;
  readonly authority: Authority;
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** DNS names and addresses under which clients find this server. */
  readonly names: readonly string[];
  /** Which services are there; all of them when absent. */
  readonly only?: "secret";
  readonly limits?: Partial<Limits>;
  readonly log: (entry: Readonly<Record<string, unknown>>) => void;
}

/** Discovery on the network. */
export interface Listening {
  readonly port: number;
  /** Ends all streams within the time given, and hangs up. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** Serves discovery under mTLS: whoever has no certificate of the mesh does not get as far as a stream. */
export const listening = async (options: ListeningOptions): Promise<Listening> => {
  const { server, log, limits } = options;
  const secured = await transport(options.authority, options.names, (error) =>
    log({ level: "error", event: "own certificate not renewed", reason: String(error) }),
  );
  const grpc = new Server(adsServerOptions(limits));
  server.addTo(grpc, options.only);
  const port = await new Promise<number>((resolve, reject) =>
    grpc.bindAsync(`${options.address}:${options.port}`, secured.credentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return {
    port,
    close: async (graceMs) => {
      await server.drained(graceMs);
      await new Promise<void>((resolve) => {
        grpc.tryShutdown(() => resolve());
        // A client that does not hang up is not waited for.
        setTimeout(() => {
          grpc.forceShutdown();
          resolve();
        }, 2000).unref();
      });
      secured.close();
    },
  };
};
