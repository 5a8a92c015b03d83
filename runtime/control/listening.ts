import { Server, ServerCredentials } from "@grpc/grpc-js";
import { adsServerOptions, type AdsServer, type Limits } from "./ads/index.ts";
import type { Authority } from "./identity/index.ts";
import type { Log } from "../log/log.ts";
import { transport, type ConnectionLimits, type Transport } from "./transport/index.ts";

export interface ListeningOptions {
  readonly server: AdsServer;
  readonly authority: Authority;
  /** Port 0: any that is free. */
  readonly listen: { readonly address: string; readonly port: number };
  /** DNS names and addresses under which clients find this server. */
  readonly names: readonly string[];
  /** Which services are there; all of them when absent. */
  readonly only?: "secret";
  readonly limits?: Partial<Limits & ConnectionLimits>;
  readonly log: Log;
}

/** Discovery on the network. */
export interface Listening extends Pick<Transport, "port" | "known" | "counts"> {
  /**
   * Ends the connection from `address:port` once what its streams were told is out. Without this, whoever opens its next stream
   * on a connection that is there, as Envoy does, would show the same certificate again, for ever.
   */
  readonly hungUp: (from: string) => void;
  /** Ends all streams within the time given, and hangs up. */
  readonly close: (graceMs: number) => Promise<void>;
}

/** Time for a status to get out. */
const hangUpMs = 200;

/** Serves discovery under mTLS: whoever has no certificate of the mesh does not get as far as a stream. */
export const listening = async (options: ListeningOptions): Promise<Listening> => {
  const { server, authority, names, listen, log, limits } = options;
  const grpc = new Server(adsServerOptions(limits));
  server.addTo(grpc, options.only);
  // Connections come to gRPC when TLS is done with them, so its own credentials are none.
  const behindTls = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const { port, known, cut, counts, close } = await transport({
    authority,
    names,
    listen,
    taken: behindTls.injectConnection,
    log,
    ...(limits && { limits }),
  });
  return {
    port,
    known,
    counts,
    hungUp: (from) => void setTimeout(() => cut(from), hangUpMs).unref(),
    close: async (graceMs) => {
      close();
      await server.drained(graceMs);
      await new Promise<void>((resolve) => {
        grpc.tryShutdown(() => resolve());
        // A client that does not hang up is not waited for.
        setTimeout(() => {
          grpc.forceShutdown();
          resolve();
        }, 2000).unref();
      });
    },
  };
};
