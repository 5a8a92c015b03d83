import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ClusterAccess } from "./access/access.ts";

/** A request as a server of a test saw it. */
export interface Seen {
  readonly method: string;
  /** With the query. */
  readonly url: string;
  readonly body: string;
  readonly authorization: string | undefined;
  readonly accept: string | undefined;
}

export interface SmallServer {
  readonly access: ClusterAccess;
  /** Without those of discovery. */
  readonly seen: readonly Seen[];
  readonly close: () => Promise<void>;
}

export type Answering = (request: Seen, response: ServerResponse, incoming: IncomingMessage) => void;

/**
 * A real HTTP server on loopback that knows the kinds ConfigMap and Lease and answers the n-th request by the n-th answer, the
 * last one for all that follow.
 */
export const smallServer = async (...answers: readonly Answering[]): Promise<SmallServer> => {
  const seen: Seen[] = [];
  const server: Server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("error", () => undefined);
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      const resources = discovered[url];
      if (resources !== undefined) return sent(response, 200, { resources });
      const { authorization, accept } = headers;
      const request = { method, url, body: Buffer.concat(chunks).toString(), authorization, accept };
      seen.push(request);
      (answers[seen.length - 1] ?? answers.at(-1))?.(request, response, incoming);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    access: {
      server: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
      namespace: undefined,
      credentials: async () => ({ headers: { authorization: "Bearer secret-token" }, tls: {} }),
    },
    seen,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};

const discovered: Readonly<Record<string, readonly object[]>> = {
  "/api/v1": [{ name: "configmaps", kind: "ConfigMap", namespaced: true }],
  "/apis/coordination.k8s.io/v1": [{ name: "leases", kind: "Lease", namespaced: true }],
};

export const sent = (
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
};

export const answering =
  (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Answering =>
  (_request, response) =>
    sent(response, status, body, headers);

/** The connection is reset before an answer. */
export const resetting: Answering = (_request, _response, incoming) => void incoming.socket.resetAndDestroy();

export const silentAnswer: Answering = () => undefined;

export const stored = (name: string, more: object = {}): object => ({
  metadata: { name, namespace: "shop", uid: "u", resourceVersion: "1" },
  ...more,
});
