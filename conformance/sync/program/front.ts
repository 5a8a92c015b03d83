import { once } from "node:events";
import { Agent, createServer, request as httpsRequest } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { LastingApiServer } from "../lasting-api-server.ts";

/** One request as it comes by. */
export interface Passing {
  readonly method: string;
  readonly path: string;
  /** It stores something: neither a look nor a dry run. */
  readonly isWrite: boolean;
  /** Of those that store something, from 1 on. */
  readonly write: number;
}

/** What becomes of a request instead of its being passed on, or before or after that. */
export interface Meddling {
  readonly before?: (passing: Passing, response: ServerResponse) => Promise<"pass" | "answered"> | "pass" | "answered";
  /** Before the answer goes back, to something that may be stored by then. */
  readonly after?: (
    passing: Passing,
    response: ServerResponse,
  ) => Promise<"pass" | "answered" | void> | "pass" | "answered" | void;
}

/** What stands between the program and the API server, and can meddle. */
export interface Front {
  readonly url: string;
  /** Until it is called again; counts begin anew. */
  readonly meddle: (meddling: Meddling) => void;
  /** Requests that stored something since then, in the order in which they came. */
  readonly writes: () => readonly string[];
  readonly close: () => Promise<void>;
}

export const frontOf = async (server: LastingApiServer): Promise<Front> => {
  const own = await server.platform.issued("front", ["IP:127.0.0.1"]);
  const agent = new Agent({ keepAlive: true, ca: server.authority });
  let meddling: Meddling = {};
  let writes: string[] = [];
  const passed = (incoming: IncomingMessage, body: Buffer, response: ServerResponse, passing: Passing): void => {
    const outgoing = httpsRequest(
      new URL(incoming.url ?? "/", server.url),
      { method: incoming.method ?? "GET", headers: { ...incoming.headers, host: new URL(server.url).host }, agent },
      (answer) => {
        void (async () => {
          if ((await meddling.after?.(passing, response)) === "answered") return void answer.resume();
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        })();
      },
    );
    outgoing.on("error", () => response.destroy());
    response.on("close", () => outgoing.destroy());
    outgoing.end(body);
  };
  const listening = createServer({ cert: own.certificate, key: own.key }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      void (async () => {
        const { method = "GET", url: path = "/" } = incoming;
        const body = Buffer.concat(chunks);
        const isDryRun = path.includes("dryRun=All") || (method === "DELETE" && body.includes('"dryRun":["All"]'));
        const isWrite = method !== "GET" && !isDryRun;
        if (isWrite) writes.push(`${method} ${path.split("?")[0]}`);
        const passing: Passing = { method, path, isWrite, write: isWrite ? writes.length : 0 };
        if ((await meddling.before?.(passing, response)) === "answered") return;
        passed(incoming, body, response, passing);
      })();
    });
  });
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  return {
    url: `https://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    meddle: (next) => {
      meddling = next;
      writes = [];
    },
    writes: () => writes,
    close: async () => {
      listening.closeAllConnections();
      listening.close();
      agent.destroy();
      await once(listening, "close");
    },
  };
};
