import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { fixtureIn, temporary, type Fixture } from "../../../compiler/revision/fixture.ts";
import { gitServer, type GitServer, type GitServerOptions } from "../../../conformance/rig/git-server.ts";
import { gitSource, type GitSourceOptions } from "./git-source.ts";
import { SourceError, type Fetched, type Source } from "./source.ts";

export const config = "export default {};\n";

export interface Served extends Fixture {
  readonly server: GitServer;
  readonly url: string;
  /** A source of this repository's branch main, with a folder of its own. */
  readonly source: (options?: Partial<GitSourceOptions>) => Source;
}

/** A repository with a mesh at its top, and a Git server that serves it. */
export const served = async (options: Partial<GitServerOptions> = {}): Promise<Served> => {
  const folder = temporary();
  mkdirSync(join(folder, "policies.git"));
  const made = fixtureIn(join(folder, "policies.git"));
  made.git("init", "--quiet", "--initial-branch=main");
  const server = await gitServer({ folder, ...options });
  onTestFinished(() => server.close());
  const url = `${server.url}/policies.git`;
  return { ...made, server, url, source: (more = {}) => sourceOf(url, more) };
};

export const sourceOf = (url: string, options: Partial<GitSourceOptions> = {}): Source =>
  gitSource({ url, branch: "main", folder: join(temporary(), "state"), timeoutMs: 100_000, ...options });

export const never = new AbortController().signal;

/** Why a source has no commit. */
export const failure = async (source: Source | Promise<Fetched>): Promise<SourceError> => {
  const fetched = source instanceof Promise ? source : source.fetched(never);
  const error: unknown = await fetched.then(
    ({ commit }) => new Error(`there was a commit: ${commit}`),
    (thrown: unknown) => thrown,
  );
  if (error instanceof SourceError) return error;
  throw error;
};

/** A server that answers as the test says; its URL. */
export const answering = async (
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> => listening(http.createServer(answer));

/** A server that says these bytes to whoever connects, or nothing at all. */
export const saying = async (bytes: string | undefined): Promise<string> =>
  listening(
    createServer((socket) => {
      socket.on("error", () => undefined);
      if (bytes !== undefined) socket.end(bytes);
    }),
  );

const listening = async (server: Server | http.Server): Promise<string> => {
  const sockets = new Set<{ readonly destroy: () => void }>();
  server.on("connection", (socket: { readonly destroy: () => void }) => sockets.add(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** How a proxy spoils the answer to a POST: what it sends instead of the bytes that came, at which offset. */
export type Spoilt = (response: ServerResponse, body: Buffer) => void;

/** A proxy before a Git server; `spoilt` has the answer to the request for the pack. */
export const spoiling = (upstream: string, spoilt: Spoilt): Promise<string> =>
  answering((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const asked = Buffer.concat(chunks);
      const onward = http.request(
        `${upstream}${request.url}`,
        { method: request.method!, headers: request.headers },
        (answer) => {
          const body: Buffer[] = [];
          answer.on("data", (chunk: Buffer) => body.push(chunk));
          answer.on("end", () => {
            const whole = Buffer.concat(body);
            response.statusCode = answer.statusCode ?? 500;
            response.setHeader("content-type", answer.headers["content-type"] ?? "");
            if (/command=fetch|^....want /.test(asked.toString("latin1"))) spoilt(response, whole);
            else response.end(whole);
          });
        },
      );
      onward.end(asked);
    });
  });
