import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { limitConnections } from "../../connection-limit.ts";
import type { SyncMetrics } from "./metrics.ts";

export interface SyncAdmin {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** For probes and Prometheus, in plain HTTP: `/healthz`, `/readyz`, `/metrics`. Rejects where it cannot listen. */
export const syncAdmin = async (
  { isReady, text }: Pick<SyncMetrics, "isReady" | "text">,
  listen: { readonly address: string; readonly port: number },
): Promise<SyncAdmin> => {
  const server = createServer({ connectionsCheckingInterval: 1000 }, (request, response) => {
    const plain = (status: number, said: string): void =>
      void response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(said);
    if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "only GET\n");
    switch ((request.url ?? "").split("?", 1)[0] ?? "") {
      case "/healthz":
        return plain(200, "ok\n");
      case "/readyz":
        return isReady() ? plain(200, "ok\n") : plain(503, "no pass has ended yet\n");
      case "/metrics":
        return void response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(text());
      default:
        return plain(404, "/healthz, /readyz and /metrics\n");
    }
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5000;
  limitConnections(server, 100);
  await new Promise<void>((resolve, reject) => {
    // Later ones, such as too many open files, end one connection and not the process.
    server.on("error", reject);
    server.listen(listen.port, listen.address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
