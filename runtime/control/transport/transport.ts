import { timerDelay } from "../timer-delay.ts";
import { createServer, type TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import type { Authority, Issued } from "../identity/index.ts";
import type { Log } from "../../log/log.ts";
import { sparingLog } from "../../log/sparing-log.ts";
import {
  defaultConnectionLimits,
  strangers,
  type Connection,
  type ConnectionLimits,
  type Strangers,
} from "./strangers.ts";

export interface TransportOptions {
  readonly authority: Authority;
  /** DNS names and addresses under which clients find this server. */
  readonly names: readonly string[];
  readonly listen: { readonly address: string; readonly port: number };
  readonly limits?: Partial<ConnectionLimits>;
  /** Takes a connection whose client proved that it has a certificate of these roots; what it may do is said elsewhere. */
  readonly taken: (socket: TLSSocket) => void;
  readonly log: Log;
}

/** The server side of mTLS: its certificate is renewed at half its life, and roots come and go, without a restart. */
export interface Transport extends Pick<Strangers, "known" | "cut" | "counts"> {
  readonly port: number;
  /** Listens no more; connections stay. */
  readonly close: () => void;
}

/** How long after a failure it is tried again to renew. */
const retryMs = 10_000;
/**
 * A listener of our own in front of gRPC's server, which neither limits connections nor ever ends one that finishes its
 * handshake and then says nothing, and which tells nobody why a handshake failed.
 */
export const transport = async (options: TransportOptions): Promise<Transport> => {
  const { authority, names, listen, taken } = options;
  const log = sparingLog(options.log);
  const limits = { ...defaultConnectionLimits, ...options.limits };
  const book = strangers(limits, ({ address, port }) =>
    log({
      level: "warn",
      event: "connection ended",
      address: `${address}:${port}`,
      reason: `nobody was admitted on it within ${limits.strangerMs} ms`,
    }),
  );
  let own: Issued = await authority.server(names);
  let timer: NodeJS.Timeout | undefined;

  const context = () => ({ cert: own.certificateChain, key: own.privateKey, ca: authority.roots() });
  const server = createServer({
    ...context(),
    requestCert: true,
    // Node would end a connection whose certificate is not good without a word to anybody: that is done below.
    rejectUnauthorized: false,
    ALPNProtocols: ["h2"],
    // The book of strangers is quicker, and knows whom it ends.
    handshakeTimeout: 2 * limits.strangerMs,
    noDelay: true,
  });

  const failed = ({ remoteAddress, remotePort }: Socket, reason: string): void =>
    log({ level: "warn", event: "handshake failed", address: `${remoteAddress}:${remotePort}`, reason });
  const arrived = (socket: Socket): void => {
    const { remoteAddress: address = "", remotePort: port = 0 } = socket;
    const connection: Connection = { address, port, cut: () => void socket.destroy() };
    const why = book.arrived(connection);
    socket.on("error", () => undefined);
    if (why === undefined) return void socket.once("close", () => book.left(connection));
    log({ level: "warn", event: "connection refused", address: `${address}:${port}`, reason: why });
    socket.resetAndDestroy();
  };
  // Before TLS sees it: a handshake is what a flood of connections would have us pay for.
  server.prependListener("connection", arrived);
  server.on("tlsClientError", (error: Error & { readonly code?: string }, socket) => {
    // Whoever left by itself is nobody's concern.
    if (socket.remoteAddress !== undefined) failed(socket, error.code ?? error.message);
    socket.destroy();
  });
  server.on("secureConnection", (socket) => {
    socket.on("error", () => undefined);
    // INVARIANT: nobody is taken whose certificate was not verified.
    if (socket.authorized) return taken(socket);
    const isNone = socket.getPeerX509Certificate() === undefined;
    failed(
      socket,
      isNone ? "no client certificate" : `the client certificate is not good: ${String(socket.authorizationError)}`,
    );
    socket.destroy();
  });

  const scheduled = (delay: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void renewed(), timerDelay(delay)).unref();
  };
  const renewed = async (): Promise<void> => {
    try {
      own = await authority.server(names);
      server.setSecureContext(context());
      scheduled(own.renewAt - Date.now());
    } catch (error) {
      options.log({ level: "error", event: "own certificate not renewed", reason: String(error) });
      scheduled(retryMs);
    }
  };
  scheduled(own.renewAt - Date.now());
  let signer = authority.signer();
  const unsubscribed = authority.onRoots(() => {
    server.setSecureContext(context());
    if (authority.signer() === signer) return;
    signer = authority.signer();
    void renewed();
  });

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen.port, listen.address, 4096, resolve);
  });
  server.on("error", (error) => options.log({ level: "error", event: "listener failed", reason: String(error) }));
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : listen.port,
    known: book.known,
    cut: book.cut,
    counts: book.counts,
    close: () => {
      clearTimeout(timer);
      unsubscribed();
      server.close();
    },
  };
};
