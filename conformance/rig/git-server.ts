import { spawn } from "node:child_process";
import { once } from "node:events";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";

export interface GitServerOptions {
  /** Each repository in it is served under its name. */
  readonly folder: string;
  /** What a client must send as its `Authorization` header. */
  readonly authorization?: () => string | undefined;
  /** As a server behind a front that drops the header by which version 2 of the protocol is asked for. */
  readonly isOld?: boolean;
  /** PEM; then it is served over TLS. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface GitServer {
  /** Without a slash at its end. */
  readonly url: string;
  /** `GET /policies.git/info/refs?service=git-upload-pack`, with whether credentials came along. */
  readonly requests: { readonly asked: string; readonly authorization: string | undefined }[];
  readonly close: () => Promise<void>;
}

/** Git's own server (`git http-backend`) on loopback. */
export const gitServer = async (options: GitServerOptions): Promise<GitServer> => {
  const requests: { readonly asked: string; readonly authorization: string | undefined }[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { authorization } = request.headers;
    requests.push({ asked: `${request.method} ${request.url}`, authorization });
    const wanted = options.authorization?.();
    if (wanted === undefined || wanted === authorization) backend(options, request, response);
    else response.writeHead(401, { "www-authenticate": 'Basic realm="rig"' }).end();
  };
  const server = options.tls ? https.createServer(options.tls, answer) : http.createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `${options.tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

/** One request as the Common Gateway Interface (RFC 3875) has it. */
const backend = ({ folder, isOld }: GitServerOptions, request: IncomingMessage, response: ServerResponse): void => {
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  const protocol = request.headers["git-protocol"];
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
      // Whoever runs this need not own the repositories.
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "safe.directory",
      GIT_CONFIG_VALUE_0: "*",
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"],
      CONTENT_LENGTH: request.headers["content-length"],
      REMOTE_ADDR: "127.0.0.1",
      ...(protocol !== undefined && isOld !== true && { GIT_PROTOCOL: String(protocol) }),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(child.stdin);
  child.stdin.on("error", () => undefined);
  response.on("close", () => child.kill());
  let head = "";
  const begin = (chunk: Buffer): void => {
    head += chunk.toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return;
    child.stdout.off("data", begin);
    const fields = head
      .slice(0, end)
      .split("\r\n")
      .map((line) => line.split(/: */, 2) as [string, string]);
    for (const [name, value] of fields)
      if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
      else response.setHeader(name, value);
    response.write(Buffer.from(head.slice(end + 4), "latin1"));
    child.stdout.pipe(response);
  };
  child.stdout.on("data", begin);
  child.on("error", () => response.destroy());
  child.on("close", () => {
    if (!response.headersSent) response.writeHead(500).end();
  });
};
