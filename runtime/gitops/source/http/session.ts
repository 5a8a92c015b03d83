import http, { type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import https from "node:https";
import { readFile } from "node:fs/promises";
import tls from "node:tls";
import { diskReason } from "../../../../compiler/disk-reason.ts";
import { SourceError } from "../source.ts";
import type { Credentials } from "./credentials.ts";
import { networkFailure } from "./failures.ts";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Ends with a {@link SourceError} where the answer breaks off, falls silent or grows beyond what was allowed. */
  readonly body: AsyncIterable<Buffer>;
  /** For an answer whose body nobody wants. */
  readonly dropped: () => void;
}

export interface Asked {
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** A POST of this; without it, a GET. */
  readonly body?: Buffer;
  /** Bytes of the answer that are read. */
  readonly most: number;
}

/** The requests of one fetch: over the same connection, and all ended with it. */
export interface Session {
  readonly asked: (asked: Asked) => Promise<Answer>;
  readonly credentials: Credentials;
  readonly close: () => void;
}

export interface SessionOptions {
  readonly credentials: Credentials;
  /** Credentials go to this origin alone. */
  readonly origin: string;
  /** PEM; authorities that are trusted beside the well-known ones. */
  readonly caFile: string | undefined;
  /** HTTPS_PROXY, HTTP_PROXY and NO_PROXY, as node reads them. */
  readonly proxyEnv: NodeJS.ProcessEnv;
  /** After so long without a byte a server counts as hanging. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

export const openedSession = async (options: SessionOptions): Promise<Session> => {
  const { credentials, origin, proxyEnv, silenceMs, signal } = options;
  const ca =
    options.caFile === undefined ? undefined : [...tls.getCACertificates("default"), await authorities(options.caFile)];
  const agents = {
    "http:": new http.Agent({ keepAlive: true, proxyEnv }),
    "https:": new https.Agent({ keepAlive: true, proxyEnv, ...(ca !== undefined && { ca }) }),
  };

  const asked = ({ url, headers, body, most }: Asked): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const isSecure = url.protocol === "https:";
      const shown = `${url.origin}${url.pathname}`;
      let isSilent = false;
      const request = (isSecure ? https : http).request(url, {
        agent: agents[isSecure ? "https:" : "http:"],
        method: body === undefined ? "GET" : "POST",
        signal,
        headers: {
          "user-agent": "git/2 (meshwright)",
          "accept-encoding": "identity",
          ...(url.origin === origin && credentials.header !== undefined && { authorization: credentials.header }),
          ...(body !== undefined && { "content-length": body.length }),
          ...headers,
        },
      });
      const failure = (error: unknown): unknown =>
        isSilent
          ? new SourceError("timeout", `${shown} has said nothing for ${silenceMs / 1000} seconds`)
          : signal.aborted
            ? error
            : (networkFailure(shown, error) ?? error);
      const silence = (): void => {
        isSilent = true;
        end();
      };
      // A proxy that does not answer is neither silence of the request's socket, which is not there yet, nor its end.
      const end = (): void => {
        clearTimeout(timer);
        request.destroy();
        reject(failure(new Error("ended")));
      };
      const timer = setTimeout(silence, silenceMs);
      signal.addEventListener("abort", end, { once: true });
      request.setTimeout(silenceMs, silence);
      request.on("error", (error) => {
        clearTimeout(timer);
        reject(failure(error));
      });
      request.on("response", (response) => {
        clearTimeout(timer);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: boundedBody(response, most, shown, failure),
          dropped: () => void request.destroy(),
        });
      });
      request.end(body);
    });

  return {
    asked,
    credentials,
    close: () => {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
};

async function* boundedBody(
  response: IncomingMessage,
  most: number,
  shown: string,
  failure: (error: unknown) => unknown,
): AsyncGenerator<Buffer> {
  const encoding = response.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    response.destroy();
    throw new SourceError("invalid", `${shown} answers in an encoding that was not asked for`);
  }
  let left = most;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      left -= chunk.length;
      if (left < 0)
        throw new SourceError("invalid", `${shown} answers with more than ${sizeShown(most)}, which is not read`);
      yield chunk;
    }
  } catch (error) {
    throw error instanceof SourceError ? error : failure(error);
  }
}

/** In the largest unit of which it is a whole number. */
export const sizeShown = (bytes: number): string => {
  const unit = [2 ** 30, 2 ** 20, 2 ** 10].findIndex((size) => bytes >= size && bytes % size === 0);
  return unit < 0 ? `${bytes} bytes` : `${bytes / 2 ** (30 - 10 * unit)} ${["GiB", "MiB", "KiB"][unit]}`;
};

const authorities = async (path: string): Promise<string> => {
  let text: string;
  try {
    text = await readFile(path, "utf8");
    // What is no certificate is passed over by TLS without a word.
    if (!text.includes("-----BEGIN CERTIFICATE-----")) throw new Error("there is no certificate in it");
    return text;
  } catch (error) {
    throw new SourceError("invalid", `the authorities in ${path} cannot be read: ${diskReason(error)}`);
  }
};
