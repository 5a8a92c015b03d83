import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { headerOf, messageBytes, messageReader, type Message } from "./http1.ts";
import type { RigRequest, RigResponse, TcpAnswer, TcpCall, TlsByHand } from "./protocol.ts";

/** A connection to one place; carries one request at a time. */
interface Connection {
  readonly sent: (request: RigRequest, timeoutMs: number) => Promise<Answer>;
  readonly close: () => void;
}

type Answer =
  | { readonly kind: "message"; readonly message: Message; readonly reusable: boolean }
  /** `unanswered`: it broke before a byte of an answer. */
  | { readonly kind: "broken"; readonly reason: string; readonly unanswered: boolean };

/**
 * Sends all requests, so many at a time, over connections that are kept for this batch only: a listener that was replaced
 * between two batches must not answer the second. Responses stand in the order of the requests.
 */
export const responses = async (
  requests: readonly RigRequest[],
  concurrency: number,
): Promise<readonly RigResponse[]> => {
  const idle = new Map<string, Connection[]>();
  const results: RigResponse[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const index = next;
      next += 1;
      const request = requests[index];
      if (request === undefined) return;
      results[index] = await response(request, idle);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(concurrency, requests.length)) }, worker));
  for (const connection of [...idle.values()].flat()) connection.close();
  return results;
};

const response = async (request: RigRequest, idle: Map<string, Connection[]>): Promise<RigResponse> => {
  const started = performance.now();
  const timeoutMs = request.timeoutMs ?? 10_000;
  const place = `${request.to} ${request.port}`;
  const kept = isAlone(request) ? undefined : idle.get(place)?.pop();
  let connection = kept ?? dialled(request);
  let answer = await connection.sent(request, timeoutMs);
  if (answer.kind === "broken" && answer.unanswered && kept !== undefined) {
    // The server closed an idle connection while this request was on its way.
    connection = dialled(request);
    answer = await connection.sent(request, timeoutMs);
  }
  const ms = Math.round((performance.now() - started) * 10) / 10;
  if (answer.kind === "broken") {
    connection.close();
    return { kind: "error", reason: answer.reason, ms };
  }
  if (answer.reusable && !isAlone(request)) idle.set(place, [...(idle.get(place) ?? []), connection]);
  else connection.close();
  const { start, headers, body } = answer.message;
  return { kind: "response", status: Number(start[1]), headers, body: body.toString(), ms };
};

const isAlone = ({ fresh = false, tls }: RigRequest): boolean => fresh || tls !== undefined;

const secured = (host: string, port: number, { own, roots, peer, alpn }: TlsByHand): Socket =>
  connectTls({
    host,
    port,
    ca: roots,
    ALPNProtocols: [...alpn],
    ...(own && { cert: own.certificate, key: own.key }),
    checkServerIdentity: (_, { subjectaltname = "" }) =>
      subjectaltname === `URI:${peer}` ? undefined : new Error(`the server is ${subjectaltname}, not ${peer}`),
  });

const dialled = ({ to, port, tls }: RigRequest): Connection => {
  const socket = tls ? secured(to, port, tls) : connect({ host: to, port, noDelay: true });
  let method = "";
  let waiting: ((answer: Answer) => void) | undefined;
  const settle = (answer: Answer): void => {
    const waiter = waiting;
    waiting = undefined;
    waiter?.(answer);
  };
  const reader = messageReader(
    "response",
    (message) => settle({ kind: "message", message, reusable: message.reusable && !socket.destroyed }),
    () => method === "HEAD",
  );
  const broken = (reason: string): void => settle({ kind: "broken", reason, unanswered: !reader.begun() });
  socket.on("data", reader.push);
  socket.on("end", () => {
    reader.end();
    broken("the connection was closed without an answer");
  });
  socket.on("error", (error: NodeJS.ErrnoException) => broken(error.code ?? error.message));
  socket.on("close", () => broken("the connection was closed without an answer"));
  return {
    sent: (request, timeoutMs) =>
      new Promise((resolve) => {
        method = request.method;
        const timer = setTimeout(
          () => settle({ kind: "broken", reason: `no answer within ${timeoutMs} ms`, unanswered: false }),
          timeoutMs,
        );
        waiting = (answer) => {
          clearTimeout(timer);
          resolve(answer);
        };
        if (socket.destroyed) return broken("the connection was closed without an answer");
        const { body = "" } = request;
        const sized =
          body === "" ||
          headerOf(request.headers, "content-length") !== undefined ||
          headerOf(request.headers, "transfer-encoding") !== undefined;
        socket.write(
          messageBytes(
            `${request.method} ${request.target} HTTP/1.1`,
            sized ? request.headers : [...request.headers, ["content-length", String(Buffer.byteLength(body))]],
            body,
          ),
        );
      }),
    close: () => void socket.destroy(),
  };
};

/** Connects, sends, and reads until the other side ends. */
export const tcpAnswer = ({ to, port, data, timeoutMs = 10_000 }: TcpCall): Promise<TcpAnswer> =>
  new Promise((resolve) => {
    const socket: Socket = connect({ host: to, port, noDelay: true });
    let received = "";
    const done = (answer: TcpAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
      socket.destroy();
    };
    const timer = setTimeout(
      () =>
        done(
          received === ""
            ? { kind: "error", reason: `no answer within ${timeoutMs} ms` }
            : { kind: "data", data: received },
        ),
      timeoutMs,
    );
    const ended = (reason: string): void =>
      done(received === "" ? { kind: "error", reason } : { kind: "data", data: received });
    socket.on("connect", () => socket.write(data));
    socket.on("data", (chunk: Buffer) => (received += chunk.toString()));
    socket.on("error", (error: NodeJS.ErrnoException) => ended(error.code ?? error.message));
    socket.on("end", () => ended("the connection was closed without an answer"));
    socket.on("close", () => ended("the connection was closed without an answer"));
  });
