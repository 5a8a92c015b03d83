import { createHash } from "node:crypto";
import type { Dispatcher } from "undici";
import type { ClusterAccess, Credentials } from "../access/access.ts";
import { ClusterError } from "../api.ts";
import { turnstile } from "./turnstile.ts";
import { pool, proxied, requested } from "./undici.ts";

export interface Asked {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the server's address, with the query. */
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
  /** JSON when absent. */
  readonly accept?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fence?: (() => void) | undefined;
}

interface Head {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

export interface Answer extends Head {
  readonly body: string;
}

export interface Stream extends Head {
  readonly body: AsyncIterable<Buffer>;
}

/** Rejects with a `ClusterError` "unreachable" when no answer came, and with the signal's reason when that aborts. */
export interface Connection {
  readonly answered: (asked: Asked) => Promise<Answer>;
  /** An answer that goes on; it ends with an error when it is silent for `silenceMs`. */
  readonly streamed: (asked: Asked, silenceMs: number) => Promise<Stream>;
  readonly close: () => Promise<void>;
}

export interface ConnectionLimits {
  /** Requests at one time, each on a connection of its own; streams are not among them. */
  readonly width?: number;
  /** For one answer, all of it. */
  readonly timeoutMs?: number;
  /** Bytes of one answer. */
  readonly longest?: number;
  /** How long credentials are taken for good without another look. */
  readonly credentialsMs?: number;
}

interface Line {
  readonly credentials: Credentials;
  readonly requests: Dispatcher;
  readonly streams: Dispatcher;
}

/** Connections that are kept, made with credentials as they are at the time. */
export const connection = (access: ClusterAccess, limits: ConnectionLimits = {}): Connection => {
  const { width = 16, timeoutMs = 30_000, longest = 67_108_864, credentialsMs = 10_000 } = limits;
  const { origin, host } = access.server;
  const prefix = access.server.pathname.replace(/\/$/, "");
  const enter = turnstile(width);
  const pools = new Map<string, Pick<Line, "requests" | "streams">>();
  let line: Promise<Line> | undefined;
  let lookedAt = 0;
  let renewedAt = -Infinity;

  const lineOf = async (fresh: boolean): Promise<Line> => {
    const credentials = await access.credentials({ fresh });
    const key = createHash("sha256")
      .update(JSON.stringify([credentials.tls, credentials.proxy]))
      .digest("hex");
    const known = pools.get(key);
    if (known !== undefined) return { credentials, ...known };
    // Certificates changed: what is under way ends on the connections that it has.
    for (const old of pools.values()) void closed(old);
    pools.clear();
    const made = {
      requests: dispatcher(origin, credentials, width),
      streams: dispatcher(origin, credentials, undefined),
    };
    pools.set(key, made);
    return { credentials, ...made };
  };
  const looked = (fresh: boolean): Promise<Line> => {
    lookedAt = performance.now();
    const made = lineOf(fresh);
    line = made;
    made.catch(() => {
      if (line === made) line = undefined;
    });
    return made;
  };
  const current = (): Promise<Line> =>
    line === undefined || performance.now() - lookedAt > credentialsMs ? looked(false) : line;
  /** After a 401: what somebody else got meanwhile, or asked for again; undefined when that was done a moment ago. */
  const renewed = async (refused: Line): Promise<Line | undefined> => {
    const now = await current();
    if (JSON.stringify(now.credentials.headers) !== JSON.stringify(refused.credentials.headers)) return now;
    if (line === undefined || performance.now() - renewedAt < credentialsMs / 2) return undefined;
    renewedAt = performance.now();
    return looked(true);
  };

  const sent = (
    { credentials, requests, streams }: Line,
    { method, path, body, contentType, accept = "application/json" }: Asked,
    signal: AbortSignal,
    silenceMs?: number,
  ): Promise<Dispatcher.ResponseData> =>
    requested(silenceMs === undefined ? requests : streams, {
      origin,
      method,
      path: prefix + path,
      headers: {
        ...credentials.headers,
        accept,
        "user-agent": "meshwright",
        ...(body === undefined ? {} : { "content-type": contentType ?? "application/json" }),
      },
      ...(body === undefined ? {} : { body }),
      signal,
      headersTimeout: silenceMs === undefined ? 0 : timeoutMs,
      bodyTimeout: silenceMs ?? 0,
    });
  const accepted = async (asked: Asked, signal: AbortSignal, silenceMs?: number): Promise<Dispatcher.ResponseData> => {
    const first = await current();
    pass(asked.fence);
    const response = await sent(first, asked, signal, silenceMs);
    if (response.statusCode !== 401) return response;
    const second = await renewed(first);
    if (second === undefined) return response;
    await response.body.dump();
    pass(asked.fence);
    return sent(second, asked, signal, silenceMs);
  };
  const inWords = (error: unknown, signal: AbortSignal | undefined): never => {
    if (signal?.aborted === true) throw signal.reason;
    if (error instanceof FenceClosed) throw error.cause;
    if (error instanceof ClusterError) throw error;
    throw unreachable(host, error);
  };

  return {
    async answered(asked) {
      const leave = await enter(asked.signal);
      // Not `AbortSignal.any`: a pass makes thousands of these below one signal that lives as long as the program.
      const stop = new AbortController();
      const aborted = (): void => stop.abort(asked.signal?.reason);
      asked.signal?.addEventListener("abort", aborted, { once: true });
      const timer = setTimeout(
        () =>
          stop.abort(
            new ClusterError(`the API server at ${host} did not answer within ${timeoutMs / 1000} s`, {
              kind: "unreachable",
            }),
          ),
        timeoutMs,
      );
      try {
        const response = await accepted(asked, stop.signal);
        return { ...head(response), body: await text(response, longest) };
      } catch (error) {
        return inWords(stop.signal.aborted ? stop.signal.reason : error, asked.signal);
      } finally {
        clearTimeout(timer);
        asked.signal?.removeEventListener("abort", aborted);
        leave();
      }
    },
    async streamed(asked, silenceMs) {
      try {
        const response = await accepted(asked, asked.signal ?? new AbortController().signal, silenceMs);
        return { ...head(response), body: chunks(response, (error) => inWords(error, asked.signal)) };
      } catch (error) {
        return inWords(error, asked.signal);
      }
    },
    async close() {
      await Promise.all(
        [...pools.values()].flatMap(({ requests, streams }) => [requests.destroy(), streams.destroy()]),
      );
      pools.clear();
    },
  };
};

const dispatcher = (origin: string, { tls, proxy }: Credentials, connections: number | undefined): Dispatcher => {
  // HTTP/1.1: whatever is lost with a connection is one request's, and a server that goes away cannot end the process (decision 12).
  const version = { allowH2: false };
  const options = { ...version, ...(connections === undefined ? {} : { connections }) };
  // As client-go: less than the minute after which load balancers forget a silent connection.
  const connect = { ...tls, ...version, timeout: 10_000, keepAlive: true, keepAliveInitialDelay: 30_000 };
  return proxy === undefined
    ? pool(origin, { ...options, connect })
    : proxied({ uri: proxy, proxyTls: version, requestTls: connect, ...options });
};

class FenceClosed extends Error {}

const pass = (fence: (() => void) | undefined): void => {
  try {
    fence?.();
  } catch (cause) {
    throw new FenceClosed("the fence is closed", { cause });
  }
};

const closed = async ({ requests, streams }: Pick<Line, "requests" | "streams">): Promise<void> => {
  await Promise.allSettled([requests.close(), streams.close()]);
};

const head = ({ statusCode, headers }: Dispatcher.ResponseData): Head => {
  const retryAfter = headers["retry-after"];
  return { status: statusCode, retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter };
};

const text = async ({ body }: Dispatcher.ResponseData, longest: number): Promise<string> => {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    length += part.length;
    // Leaving the loop destroys the body, and with it the connection.
    if (length > longest)
      throw new ClusterError(`an answer of the API server is longer than ${longest} bytes`, { kind: "server" });
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
};

async function* chunks(
  { body }: Dispatcher.ResponseData,
  failed: (error: unknown) => never,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* body as AsyncIterable<Buffer>;
  } catch (error) {
    failed(error);
  }
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nobody listens there",
  ECONNRESET: "the connection was reset",
  ENOTFOUND: "its name does not resolve",
  EAI_AGAIN: "its name does not resolve at the moment",
  UND_ERR_CONNECT_TIMEOUT: "no connection in time",
  UND_ERR_HEADERS_TIMEOUT: "no answer in time",
  UND_ERR_BODY_TIMEOUT: "it fell silent",
  UND_ERR_SOCKET: "the connection was closed",
};

/** Errors of sockets and TLS name hosts and certificates, and nothing of what was sent. */
const unreachable = (host: string, error: unknown): ClusterError => {
  const { code = "", message = String(error) } = error as { readonly code?: string; readonly message?: string };
  return new ClusterError(`the API server at ${host} cannot be reached: ${words[code] ?? message}`, {
    kind: "unreachable",
    cause: error,
  });
};
