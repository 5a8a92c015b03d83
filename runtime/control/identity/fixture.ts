import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type Server, type TLSSocket } from "node:tls";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { authority, type Authority, type AuthorityOptions } from "./authority.ts";
import { keyFolder } from "./keys/folder.ts";

export const trustDomain = "mesh.test";
export const reviews = `spiffe://${trustDomain}/ns/shop/sa/reviews`;
export const ratings = `spiffe://${trustDomain}/ns/shop/sa/ratings`;

/** A folder that goes with the test. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-identity-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

/** An authority in a new folder, or in a given one. */
export const testAuthority = async (options: Partial<AuthorityOptions> = {}): Promise<Authority> => {
  const store = options.store ?? keyFolder(await temporaryFolder());
  const opened = await authority({ trustDomain, create: true, ...options, store });
  onTestFinished(opened.close);
  return opened;
};

interface Side {
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** A TLS server that wants a certificate of its clients, and echoes. */
export const mutualServer = async (own: Side, roots: string): Promise<Server> => {
  const server = createServer(
    { cert: own.certificateChain, key: own.privateKey, ca: roots, requestCert: true, rejectUnauthorized: true },
    (socket) => socket.on("error", () => undefined).pipe(socket),
  );
  server.on("tlsClientError", () => undefined);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return server;
};

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Connects and has one byte echoed: with TLS 1.3 a client only learns then that it was refused. */
export const mutualConnection = async (server: Server, own: Side, roots: string): Promise<TLSSocket> => {
  const socket = connect({
    port: portOf(server),
    host: "127.0.0.1",
    cert: own.certificateChain,
    key: own.privateKey,
    ca: roots,
    // Peers of a mesh are known by identity, not by name.
    checkServerIdentity: () => undefined,
  });
  onTestFinished(() => void socket.destroy());
  await echoed(socket);
  return socket;
};

export const echoed = (socket: TLSSocket): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
    socket.once("data", () => resolve());
    socket.write("x");
  });
