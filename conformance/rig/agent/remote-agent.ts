import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { eventually, type Child } from "../process.ts";
import type { AgentCommand } from "./protocol.ts";

/** An agent as the harness sees it. */
export interface RemoteAgent {
  /** Throws when the agent has ended or refuses. */
  readonly asked: (command: AgentCommand) => Promise<unknown>;
  /** A connection made inside the agent's namespace. */
  readonly dialled: (host: string, port: number) => Socket;
  /** The body of an HTTP answer from inside the namespace; throws for statuses from 400. */
  readonly fetched: (port: number, path: string, options?: FetchOptions) => Promise<string>;
  readonly close: () => void;
}

interface FetchOptions {
  readonly method?: "GET" | "POST";
  /** The namespace's own loopback when absent. */
  readonly host?: string;
}

/** Connects to an agent as soon as it listens. */
export const remoteAgent = async (controlSocket: string, process: Child): Promise<RemoteAgent> => {
  const socket = await eventually(`${process.name} listens`, () => connected(controlSocket), {
    needs: [process],
    everyMs: 10,
  });
  const waiting = new Map<
    number,
    {
      readonly resolve: (value: unknown) => void;
      readonly reject: (error: Error) => void;
      readonly timer: NodeJS.Timeout;
    }
  >();
  let [serial, closed] = [0, false];
  const parts: Buffer[] = [];
  const answered = (line: string): void => {
    const { id, result, error } = JSON.parse(line) as {
      readonly id: number;
      readonly result?: unknown;
      readonly error?: string;
    };
    const waiter = waiting.get(id);
    waiting.delete(id);
    if (waiter === undefined) return;
    clearInterval(waiter.timer);
    if (error === undefined) waiter.resolve(result);
    else waiter.reject(new Error(`${process.name}: ${error}`));
  };
  socket.on("data", (chunk: Buffer) => {
    const end = chunk.lastIndexOf(10);
    if (end < 0) return void parts.push(chunk);
    const lines = Buffer.concat([...parts.splice(0), chunk.subarray(0, end)])
      .toString()
      .split("\n");
    if (end + 1 < chunk.length) parts.push(chunk.subarray(end + 1));
    for (const line of lines) answered(line);
  });
  socket.on("close", () => {
    closed = true;
    for (const { reject, timer } of waiting.values()) {
      clearInterval(timer);
      reject(new Error(`${process.name} went away (${process.ended() ?? "its socket closed"}); see ${process.log}`));
    }
    waiting.clear();
  });
  socket.on("error", () => {});
  socket.unref();

  const dialled = (host: string, port: number): Socket => {
    const through = connect(controlSocket);
    through.write(`dial ${host} ${port}\n`);
    return through;
  };
  return {
    asked: (command) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error(`${process.name} has ended`));
        serial += 1;
        // The socket is unreferenced so that idle agents do not keep the harness alive; a question under way does.
        waiting.set(serial, { resolve, reject, timer: setInterval(() => {}, 1 << 30) });
        socket.write(`${JSON.stringify({ id: serial, ...command })}\n`);
      }),
    dialled,
    fetched: (port, path, { method = "GET", host = "127.0.0.1" } = {}) => body(dialled(host, port), path, method),
    close: () => socket.destroy(),
  };
};

const connected = (path: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(path, () => {
      socket.removeListener("error", reject);
      resolve(socket);
    });
    socket.once("error", reject);
  });

const body = (socket: Socket, path: string, method: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = httpRequest(
      {
        createConnection: () => socket,
        path,
        method,
        headers: { host: "127.0.0.1", connection: "close" },
        timeout: 20_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if ((response.statusCode ?? 500) < 400) resolve(text);
          else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 300)}`));
        });
      },
    );
    request.on("timeout", () => request.destroy(new Error(`${method} ${path}: no answer within 20 s`)));
    request.on("error", reject);
    request.end();
  });
