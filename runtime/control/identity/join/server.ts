import { timerDelay } from "../../timer-delay.ts";
import { controlIdentity } from "../../../../targets/xds/identity-names.ts";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import type { SpiffeId } from "../../../../lib/model/selector.ts";
import type { Authority } from "../authority.ts";
import type { TokenReviews } from "../kubernetes/token-review.ts";
import { reasonOf, silent, type Log } from "../../../log/log.ts";
import { networkOf } from "../../network-of.ts";
import { spiffeParts } from "../spiffe-id.ts";
import { requestedKey } from "../x509/request.ts";
import { jsonBody, problem, type Problem } from "./body.ts";
import { rate } from "./rate.ts";
import { tally, type JoinCounts } from "./tally.ts";
import type { JoinTokens } from "./tokens.ts";

/** `not ready`: it cannot be said yet, and is to be asked again. */
export type Allowed = "yes" | "no" | "not ready";

export interface JoinServerOptions {
  readonly authority: Authority;
  readonly tokens: JoinTokens;
  /** Absent outside of a cluster: then no Kubernetes token is accepted. */
  readonly reviews?: TokenReviews;
  /**
   * Whether an identity may be had: how a machine whose workload was removed is kept from renewing. Asked for renewals and for
   * Kubernetes' tokens; a join token is somebody's word for one machine already.
   */
  readonly allowed?: (identity: SpiffeId) => Allowed | Promise<Allowed>;
  /** DNS names and addresses under which clients find this server. */
  readonly names: readonly string[];
  readonly host?: string;
  readonly port?: number;
  /** How long the certificates live that are handed out, in milliseconds. */
  readonly lifetimeMs?: number;
  /** How long this server's own certificate lives. */
  readonly ownLifetimeMs?: number;
  /** Of one network: whoever asks to join has proved nothing yet. */
  readonly requests?: { readonly perMinute: number; readonly burst: number };
  /** Of one identity that was proved, whose machines may be many: strangers from their network do not count against them. */
  readonly renewals?: { readonly perMinute: number; readonly burst: number };
  /** How long a client may take for its handshake and its headers, and for its whole request. */
  readonly headersMs?: number;
  readonly requestMs?: number;
  readonly connections?: number;
  readonly log?: Log;
}

export interface JoinServer {
  readonly port: number;
  readonly counts: () => JoinCounts;
  readonly close: () => Promise<void>;
}

/** What a client is given; the identity is what it may call itself from now on. */
interface Granted {
  readonly kind: "granted";
  readonly certificateChain: string;
  readonly roots: string;
  readonly identity: SpiffeId;
}

/**
 * The HTTPS endpoint at which machines get and renew their certificates: `POST /v1/join` with a token, `POST /v1/renew` with
 * the current certificate. TLS 1.3 alone. Node leaves a client's certificate unverified here, so that machines without one
 * can join: it is verified where it is used, by the bundle of that moment. Everything that a client can make grow is bounded.
 */
export const joinServer = async (options: JoinServerOptions): Promise<JoinServer> => {
  const {
    authority,
    names,
    host,
    port = 0,
    headersMs = 5000,
    requestMs = 10_000,
    connections = 256,
    log = silent,
  } = options;
  const joining = rate(options.requests ?? { perMinute: 60, burst: 20 });
  const renewing = rate(options.renewals ?? { perMinute: 600, burst: 200 });
  const counted = tally();
  const own = options.ownLifetimeMs === undefined ? {} : { lifetimeMs: options.ownLifetimeMs };
  const first = await authority.server(names, own);
  const server = createServer(
    {
      cert: first.certificateChain,
      key: first.privateKey,
      minVersion: "TLSv1.3",
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: headersMs,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: Math.min(1000, headersMs),
      keepAliveTimeout: headersMs,
      maxHeaderSize: 8192,
    },
    (request, response) => void answer(request, response),
  );
  server.maxConnections = connections;
  server.maxRequestsPerSocket = 16;
  server.on("tlsClientError", () => undefined);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const address = request.socket.remoteAddress ?? "";
    const path = request.url ?? "";
    try {
      const proved = path === "/v1/renew" ? peerIdentity(options, request) : undefined;
      const isAllowed = typeof proved === "string" ? renewing(proved) : joining(networkOf(address));
      const found = isAllowed
        ? await granted(options, request, { path, address, proved })
        : problem(429, "too many requests; try again later");
      if (found.kind === "problem") {
        counted.refused(found.status);
        log({ level: "warn", event: "join refused", address, status: found.status, reason: found.error });
        // Whatever of the request is unread stays so: the connection is not worth keeping.
        response.writeHead(found.status, { "content-type": "application/json", connection: "close" });
        return void response.end(JSON.stringify({ error: found.error }));
      }
      counted.gave(path === "/v1/renew" ? "renewed" : "joined");
      log({
        level: "info",
        event: path === "/v1/renew" ? "identity renewed" : "machine joined",
        address,
        identity: found.identity,
      });
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
      const { certificateChain, roots, identity } = found;
      response.end(JSON.stringify({ certificateChain, roots, identity }));
    } catch (error) {
      counted.refused(500);
      log({ level: "error", event: "join failed", address, reason: reasonOf(error) });
      response.writeHead(500, { "content-type": "application/json", connection: "close" });
      response.end(JSON.stringify({ error: "the request could not be served" }));
    }
  };

  const retry = 30_000;
  let timer: NodeJS.Timeout | undefined;
  const scheduled = (delay: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void renewed(), timerDelay(delay)).unref();
  };
  const renewed = async (): Promise<void> => {
    try {
      const next = await authority.server(names, own);
      server.setSecureContext({ cert: next.certificateChain, key: next.privateKey, minVersion: "TLSv1.3" });
      scheduled(next.renewAt - Date.now());
    } catch (error) {
      log({ level: "error", event: "own certificate not renewed", reason: reasonOf(error) });
      scheduled(retry);
    }
  };
  scheduled(first.renewAt - Date.now());
  // A root that leaves the bundle must not be the one that this server shows.
  const unsubscribed = authority.onRoots(() => void renewed());

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  }).catch((error: unknown) => {
    clearTimeout(timer);
    unsubscribed();
    throw error;
  });
  // A connection that cannot be taken, for want of file descriptors say, must not end the process.
  server.on("error", (error) => log({ level: "error", event: "connection not taken", reason: reasonOf(error) }));
  return {
    port: (server.address() as AddressInfo).port,
    counts: counted.read,
    close: () =>
      new Promise((resolve) => {
        clearTimeout(timer);
        unsubscribed();
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const granted = async (
  options: JoinServerOptions,
  request: IncomingMessage,
  {
    path,
    address,
    proved,
  }: { readonly path: string; readonly address: string; readonly proved: SpiffeId | Problem | undefined },
): Promise<Granted | Problem> => {
  if (path !== "/v1/join" && path !== "/v1/renew") return problem(404, "there is nothing here");
  if (request.method !== "POST") return problem(405, "this is asked with POST");
  const body = await jsonBody(request);
  if (body.kind === "problem") return body;
  const { csr } = body.fields;
  if (typeof csr !== "string") return problem(400, "`csr` is missing");
  const { authority, lifetimeMs } = options;
  const asked = lifetimeMs === undefined ? {} : { lifetimeMs };
  // A request that cannot be signed must not use up a token.
  const key = await requestedKey(csr);
  if ("kind" in key) return problem(400, key.reason);
  const identity = proved ?? (await joiningIdentity(options, body.fields, address));
  if (typeof identity !== "string") return identity;
  const isByToken = path === "/v1/join" && typeof body.fields["token"] === "string";
  const may = isByToken ? "yes" : ((await options.allowed?.(identity)) ?? "yes");
  if (may === "not ready") return problem(503, "not ready: there is no configuration yet");
  if (may === "no") return problem(403, "this identity is not given out: no proxy of the mesh runs as it");
  const signed = await authority.signed(csr, identity, asked);
  if (signed.kind === "refused") return problem(400, signed.reason);
  return { kind: "granted", certificateChain: signed.certificateChain, roots: authority.roots(), identity };
};

const joiningIdentity = async (
  { authority, tokens, reviews, log = silent }: JoinServerOptions,
  { token, kubernetesToken, workload }: Readonly<Record<string, unknown>>,
  address: string,
): Promise<SpiffeId | Problem> => {
  if (typeof workload !== "string" || workload === "") return problem(400, "`workload` is missing");
  if ((token === undefined) === (kubernetesToken === undefined))
    return problem(400, "either `token` or `kubernetesToken` is needed");
  if (typeof token === "string") {
    const found = await tokens.redeemed(token, { workload, address });
    if (found.kind === "refused") return problem(401, found.reason);
    const own =
      spiffeParts(found.identity)?.trustDomain === authority.trustDomain &&
      found.identity !== controlIdentity(authority.trustDomain);
    if (own) return found.identity;
    log({ level: "warn", event: "join token refused", address, reason: `${found.identity} is not given out here` });
    return problem(401, "the join token is not accepted");
  }
  if (typeof kubernetesToken !== "string") return problem(400, "a token is a string");
  const found = await reviews?.reviewed(kubernetesToken);
  if (found === undefined) return problem(401, "Kubernetes tokens are not accepted here");
  return found.kind === "refused" ? problem(401, found.reason) : found.identity;
};

/** A handshake succeeds only where the client holds the certificate's key; what the certificate is worth is looked at here. */
const peerIdentity = ({ authority }: JoinServerOptions, request: IncomingMessage): SpiffeId | Problem => {
  const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
  if (certificate === undefined) return problem(401, "renewing needs the current certificate");
  const found = authority.verified(certificate.raw);
  return typeof found === "string" ? found : problem(401, found.reason);
};
