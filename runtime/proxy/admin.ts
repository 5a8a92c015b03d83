import { createServer, type Server } from "node:http";
import { isIP, type AddressInfo } from "node:net";
import { setImmediate } from "node:timers/promises";
import { limitConnections } from "../connection-limit.ts";
import { foreign } from "../own-page.ts";
import type { ControlStatus } from "./source/control-status.ts";
import { controlMetricsText, metricsPieces } from "./telemetry/metrics.ts";
import type { Workers } from "./workers.ts";

export interface ProxyAdmin {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/**
 * For probes and for whoever looks: `/healthz`, `/readyz`, `/metrics`, `/status`, which has one entry for each process. `control`
 * says how the proxy stands with what tells it what to do, where something does. Whoever reaches it sees what the proxy does.
 */
export const proxyAdmin = async (
  workers: Workers,
  { address, port }: { readonly address: string; readonly port: number },
  isDraining: () => boolean,
  control?: () => ControlStatus,
): Promise<ProxyAdmin> => {
  const server: Server = createServer((request, response) => {
    const plain = (status: number, text: string): void =>
      void response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
    const shown = async (pieces: Iterable<string>): Promise<void> => {
      let text = "";
      for (const piece of pieces) {
        text += piece;
        if (text.length < atOnce) continue;
        response.write(text);
        text = "";
        await setImmediate();
        if (response.destroyed) return;
      }
      response.end(text);
    };
    const answered = async (): Promise<void> => {
      const refused = foreign(request.headers, {
        called: { also: [request.socket.localAddress, isIP(address) === 0 ? address : undefined] },
        sites: ["same-origin", "none"],
      });
      if (refused !== undefined) return plain(refused.status, `${refused.says}\n`);
      if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "GET only\n");
      switch ((request.url ?? "").split("?", 1)[0] ?? "") {
        case "/healthz":
          return plain(200, "ok\n");
        case "/readyz": {
          if (isDraining()) return plain(503, "going away\n");
          const all = await workers.status();
          if (all.length === 0) return plain(503, "no worker answers\n");
          const isServing = all.every(({ configuration }) => configuration !== undefined);
          return isServing ? plain(200, "ok\n") : plain(503, "no configuration is in force yet\n");
        }
        case "/metrics":
          response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
          return shown(allPieces(await workers.counted(), control?.()));
        case "/status": {
          const all = await workers.status();
          const told = control?.();
          const statuses = told === undefined ? all : all.map((one) => ({ ...one, control: told }));
          response.setHeader("content-type", "application/json");
          return void response.end(`${JSON.stringify(statuses, undefined, 2)}\n`);
        }
        default:
          return plain(404, "/healthz, /readyz, /metrics and /status\n");
      }
    };
    answered().catch(() => response.destroy());
  });
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  limitConnections(server, 100);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port }, resolve);
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

/** Characters that are made and written before requests have their turn again. */
const atOnce = 1 << 15;

function* allPieces(
  counted: Parameters<typeof metricsPieces>[0],
  control: ControlStatus | undefined,
): Generator<string, void> {
  yield* metricsPieces(counted);
  if (control !== undefined) yield controlMetricsText(control);
}
