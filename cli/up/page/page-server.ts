import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { LiveState, Tried, TriedRequest } from "../../../compiler/preview/page/live.ts";
import { pagePolicy } from "../../../compiler/preview/page/page.ts";
import { embedded } from "../../../compiler/preview/page/shown-text.ts";
import { hostAndPort } from "../../../runtime/host-and-port.ts";
import { refusal } from "./refusal.ts";
import { triedRequest } from "./tried-request.ts";

export interface Served {
  /** The page as it is now; undefined as long as nothing runs. */
  readonly page: () => string | undefined;
  readonly tried: (request: TriedRequest) => Promise<Tried>;
}

export interface PageServer {
  readonly url: string;
  /** Tells everybody who looks. */
  readonly say: (state: LiveState) => void;
  readonly close: () => Promise<void>;
}

const most = { bodyBytes: 64 * 1024, streams: 16, trials: 4, unread: 4 * 1024 * 1024 };

/** The page of a running mesh, for browsers of this machine alone. Rejects where the address cannot be had. */
export const pageServer = async (
  { address, port }: { readonly address: string; readonly port: number },
  served: Served,
): Promise<PageServer> => {
  const streams = new Set<ServerResponse>();
  let last: string | undefined;
  let trials = 0;
  let authority = "";

  const followed = (response: ServerResponse): void => {
    if (streams.size >= most.streams) return plain(response, 503, "too many pages are open");
    streams.add(response);
    response.once("close", () => streams.delete(response));
    response.writeHead(200, { ...headers, "content-type": "text/event-stream" });
    response.write(last ?? ": nothing yet\n\n");
  };
  const tried = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (trials >= most.trials) return plain(response, 429, "other requests are being tried: wait for their answers");
    trials += 1;
    try {
      const text = await body(request);
      if (text === undefined) {
        response.setHeader("connection", "close");
        return plain(response, 413, "that is too much for a request to be tried");
      }
      const asked = triedRequest(text);
      if (typeof asked === "string") return plain(response, 400, asked);
      const came = await served.tried(asked);
      response.writeHead(200, { ...headers, "content-type": "application/json" }).end(embedded(came));
    } finally {
      trials -= 1;
    }
  };
  const answered = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "", headers: said } = request;
    const refused = refusal({ method, path: url, headers: said }, authority);
    if (refused !== undefined) {
      if (refused.allow !== undefined) response.setHeader("allow", refused.allow);
      return plain(response, refused.status, refused.says);
    }
    if (url === "/events") return followed(response);
    if (url === "/try") return tried(request, response);
    const page = served.page();
    if (page === undefined) return plain(response, 503, "the mesh does not run yet");
    response.writeHead(200, { ...headers, "content-type": "text/html; charset=utf-8" }).end(page);
  };

  const server = createServer((request, response) => {
    answered(request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else plain(response, 500, "that went wrong");
    });
  });
  server.headersTimeout = 5000;
  server.requestTimeout = 10_000;
  server.maxConnections = 100;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: address, port }, resolve);
  });
  const { port: given } = server.address() as AddressInfo;
  authority = hostAndPort({ address, port: given });
  return {
    url: `http://${authority}/`,
    say: (state) => {
      last = `data: ${embedded(state)}\n\n`;
      for (const stream of streams) {
        // Whoever does not read is not kept for.
        if (stream.writableLength > most.unread) stream.destroy();
        else stream.write(last);
      }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const headers = {
  "cache-control": "no-store",
  "content-security-policy": `${pagePolicy({ live: true })}; frame-ancestors 'none'`,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
} as const;

const plain = (response: ServerResponse, status: number, says: string): void => {
  response.writeHead(status, { ...headers, "content-type": "text/plain; charset=utf-8" }).end(`${says}\n`);
};

/** Undefined where it is too much. */
const body = async (request: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > most.bodyBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
};
