import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { servedTypes, type ServedType } from "../served-type.ts";
import { isIP } from "node:net";
import { limitConnections } from "../../connection-limit.ts";
import { foreign } from "../../own-page.ts";
import type { ClientStatus } from "../ads/index.ts";
import type { Control } from "../control.ts";
import type { JoinServer } from "../identity/index.ts";
import { metrics, type Watched } from "./metrics.ts";
import { decodedResource } from "../served-config.ts";
import type { Served } from "../view.ts";

export interface Admin {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface AdminListen {
  readonly address: string;
  readonly port: number;
  /** DNS names and addresses that lead here, beside those of its own socket. */
  readonly names?: readonly string[];
}

/**
 * What people and probes ask a running control plane, in plain HTTP: for this machine or a protected network only, since it
 * shows every proxy's configuration. INVARIANT: secrets are shown by name and version, never by content.
 */
export const admin = async (
  control: Control,
  listen: AdminListen,
  joins?: Pick<JoinServer, "counts">,
): Promise<Admin> => {
  const names = [...(isIP(listen.address) === 0 ? [listen.address] : []), ...(listen.names ?? [])];
  const watched: Watched = { ...control, joins };
  const server = createServer((request, response) => {
    try {
      answered(request, response, watched, names);
    } catch (error) {
      // What is shown must not end what is served.
      if (response.headersSent) response.destroy();
      else plain(response, error instanceof URIError ? 400 : 500, `${String(error)}\n`);
    }
  });
  server.requestTimeout = 10_000;
  server.headersTimeout = 5000;
  limitConnections(server, 128);
  await new Promise<void>((resolve, reject) => {
    // Later ones, such as too many open files, end one connection and not the process.
    server.on("error", reject);
    server.listen(listen.port, listen.address, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === "object" && bound !== null ? bound.port : listen.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const answered = (
  request: IncomingMessage,
  response: ServerResponse,
  control: Watched,
  names: readonly string[],
): void => {
  const refused = foreign(request.headers, {
    called: { also: [request.socket.localAddress, ...names] },
    sites: ["same-origin", "none"],
  });
  if (refused !== undefined) return plain(response, refused.status, `${refused.says}\n`);
  if (request.method !== "GET" && request.method !== "HEAD") return plain(response, 405, "only GET\n");
  const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
  const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
  if (answer !== undefined) return answer(response, control);
  const client = /^\/debug\/clients\/(.+)$/.exec(path)?.[1];
  const view = client === undefined ? undefined : control.viewOf(client);
  if (client === undefined || view === undefined) return plain(response, 404, `${Object.keys(answers).join("\n")}\n`);
  json(
    response,
    Object.fromEntries(servedTypes.map((type) => [type, [...view[type].values()].map((one) => shown(type, one))])),
  );
};

const plain = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(text);
};
const json = (response: ServerResponse, value: unknown): void => {
  response.writeHead(200, { "content-type": "application/json" }).end(`${JSON.stringify(value, undefined, 2)}\n`);
};

const answers: Readonly<Record<string, (response: ServerResponse, control: Watched) => void>> = {
  "/healthz": (response) => plain(response, 200, "ok\n"),
  /** A replica without a revision would refuse everybody: its clients belong to others. */
  "/readyz": (response, { mesh, draining }) => {
    if (draining()) return plain(response, 503, "draining\n");
    if (mesh() === undefined) return plain(response, 503, "no configuration yet\n");
    plain(response, 200, "ok\n");
  },
  "/metrics": (response, control) => {
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(metrics(control));
  },
  "/debug/status": (response, { source, refusals, phase, ads }) => {
    const { admitted, synced } = ads.metrics();
    json(response, { source: source(), roots: phase(), clients: admitted, synced, refusals: refusals.all() });
  },
  "/debug/clients": (response, { ads, refusals }) =>
    json(
      response,
      ads.clients().map((client) => ({
        ...summary(client),
        refusals: refusals.all().filter((refusal) => refusal.client === client.client.name),
      })),
    ),
};

const summary = ({ client, node, address, since, protocol, types, synced }: ClientStatus) => ({
  node: client.name,
  address,
  since,
  protocol,
  userAgent: node.userAgent,
  synced,
  types: Object.fromEntries(
    Object.entries(types).map(([type, { everything, subscribed, acknowledged, pending, lastRefusal }]) => [
      type,
      {
        subscribed: everything ? "everything" : subscribed,
        acknowledged: Object.fromEntries(acknowledged),
        pending,
        ...(lastRefusal && { refused: lastRefusal }),
      },
    ]),
  ),
});

/** What somebody has, and why: the policies that made it. */
const shown = (type: ServedType, { name, version, bytes, origins }: Served) => ({
  name,
  version,
  from: [...new Set(origins.map(({ module, path }) => [module, ...path].join("/")))].sort(),
  ...(type !== "secret" && { resource: decodedResource(type, bytes) }),
});
