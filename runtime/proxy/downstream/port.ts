import { constants } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import { peerOf, type OwnIdentity } from "../identity/own-identity.ts";
import type { HandshakeFailure } from "../telemetry/exchange-record.ts";
import { handshakeFailure, wrongIdentity } from "../telemetry/handshake-failure.ts";
import type { Upstream } from "../upstream/clusters.ts";
import { carrierOf } from "./carrier.ts";
import type { HttpSettings } from "./downstream.ts";
import { HttpConnection } from "./http-connection.ts";
import { listen } from "./listen.ts";
import { isOnThisMachine, unmapped } from "./own-machine.ts";
import type { Peer, Site } from "./site.ts";
import { Tunnel } from "./tunnel.ts";

/** What happens at a port; replaced when the configuration changes, for requests and connections that come from then on. */
export interface PortRules {
  readonly mtls: "strict" | "permissive" | "disabled";
  /** Calls of the proxy's own application: whoever else was served would speak as the workload. */
  readonly isForApplication?: boolean;
  readonly trustDomain: string;
  readonly serves:
    | {
        readonly kind: "http";
        readonly site: Site;
        /** What is forwarded whole all the same; undefined where HTTP is read. */
        readonly unread?: (peer: Peer) => Tunnelled | undefined;
      }
    | {
        readonly kind: "tcp";
        readonly role: Site["role"];
        readonly ruled: (peer: Peer) => Tunnelled;
      };
}

/** Where a connection goes that nobody looks into; refused where there is no upstream. */
export interface Tunnelled {
  readonly cluster: string;
  readonly upstream: Upstream | undefined;
}

/** The rules of a socket by the address at which a connection arrives on it; `*` for any other. */
export type RulesByAddress = ReadonlyMap<string, PortRules>;

export interface PortLimits {
  /** At one port. */
  readonly connections: number;
  /** How long connections go on that are not to be here any more: their port is gone, or they would not be taken now. */
  readonly leavingMs: number;
  /** For whoever connects and says nothing: until the first byte where TLS may come, and for a handshake. */
  readonly handshakeMs: number;
}

/** The first byte of a TLS record that holds a handshake (RFC 8446, section 5.1). */
const handshake = 0x16;

/** Connections at all ports of a proxy: each needs descriptors, and others do, too. */
export interface Crowd {
  readonly most: number;
  /** At one of them: whoever fills it leaves the others to others. */
  mostAtOne: number;
  count: number;
}

/** A connection that is served, and by which kind of rules. */
interface Served {
  readonly peer: Peer;
  readonly kind: PortRules["serves"]["kind"];
  /** Absent where it is forwarded whole. */
  readonly http?: HttpConnection;
}

/**
 * A certificate ends; who resumes a session that began before shows none. Pools keep connections, so that full handshakes are
 * few.
 */
const secureOptions = constants.SSL_OP_NO_TICKET;

/** A port at which a proxy listens. */
export class Port {
  readonly #server: Server;
  readonly #secure: TlsServer;
  readonly #settings: HttpSettings;
  readonly #limits: PortLimits;
  readonly #open = new Set<Socket>();
  readonly #crowd: Crowd;
  readonly #served = new Map<Socket, Served>();
  readonly #sweeping: NodeJS.Timeout;
  #rules: RulesByAddress;
  /** That nobody is here any more; present from when nobody new is taken. */
  #left: Promise<void> | undefined;

  constructor(rules: RulesByAddress, settings: HttpSettings, limits: PortLimits, crowd: Crowd) {
    this.#rules = rules;
    this.#crowd = crowd;
    // What is no longer told of rules nobody who asks again: connections end with what they do.
    this.#settings = { ...settings, isDraining: () => settings.isDraining() || this.#left !== undefined };
    this.#limits = limits;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accepted(socket));
    this.#server.maxConnections = limits.connections;
    this.#secure = createTlsServer({
      allowHalfOpen: true,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      secureOptions,
      handshakeTimeout: limits.handshakeMs,
    });
    this.#secure.on("secureConnection", (socket: TLSSocket) => this.#secured(socket));
    this.#secure.on("tlsClientError", (error, socket) => this.#failed(socket, handshakeFailure(error, socket)));
    this.#sweeping = setInterval(() => this.#swept(), sweptMs).unref();
  }

  /** The number that it listens at; rejects where it cannot, for that long where other processes of the proxy still have it. */
  async listening(address: string, port: number, waitMs = 0): Promise<number> {
    this.#left = undefined;
    await listen(this.#server, address, port, waitMs);
    // A connection that could not be taken (no descriptors left) is not the end of the others.
    this.#server.on("error", () => undefined);
    return (this.#server.address() as { readonly port: number }).port;
  }

  /** Leaves its number to another, who is here stays; takes it again with `listening`. */
  madeWay(): void {
    this.#left ??= new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Who would not be taken by them leaves: after the exchange that runs, and within `leavingMs`. */
  ruledBy(rules: RulesByAddress): void {
    this.#rules = rules;
    for (const [socket, { peer, kind, http }] of this.#served) {
      const now = this.#rulesOf(socket);
      if (now !== undefined && isStillServed(now, socket, peer, kind)) continue;
      this.#served.delete(socket);
      http?.leaves();
      const late = setTimeout(() => socket.destroy(), this.#limits.leavingMs);
      socket.once("close", () => clearTimeout(late));
    }
  }

  provenBy({ material: { certificateChain: cert, privateKey: key, roots: ca } }: OwnIdentity): void {
    this.#secure.setSecureContext({ cert, key, ca, minVersion: "TLSv1.2", secureOptions });
  }

  /** Takes nobody new; who is here ends with what it does, and all end after that long. */
  async close(graceMs: number): Promise<void> {
    this.madeWay();
    clearInterval(this.#sweeping);
    for (const { http } of this.#served.values()) if (http?.isIdle === true) http.socket.end();
    const late = setTimeout(() => {
      for (const socket of this.#open) socket.destroy();
    }, graceMs);
    await this.#left;
    clearTimeout(late);
  }

  #accepted(socket: Socket): void {
    const { most, mostAtOne, count } = this.#crowd;
    if (count >= most || this.#open.size >= mostAtOne) return void socket.destroy();
    this.#crowd.count += 1;
    this.#open.add(socket);
    socket.once("close", () => {
      this.#crowd.count -= 1;
      this.#open.delete(socket);
    });
    const rules = this.#rulesOf(socket);
    if (rules?.isForApplication === true && !isOnThisMachine(socket)) return void socket.destroy();
    const mtls = rules?.mtls;
    // What is told of no address of this machine is told of nobody.
    if (mtls === undefined) return void socket.destroy();
    if (mtls === "disabled") return this.#serve(socket, undefined);
    socket.on("error", () => undefined);
    if (mtls === "strict") return this.#secures(socket);
    const silent = setTimeout(() => socket.destroy(), this.#limits.handshakeMs);
    socket.once("close", () => clearTimeout(silent));
    socket.once("end", () => socket.destroy());
    socket.once("data", (chunk: Buffer) => {
      clearTimeout(silent);
      socket.removeAllListeners("end");
      socket.pause();
      socket.unshift(chunk);
      if (chunk[0] === handshake) return this.#secures(socket);
      this.#serve(socket, undefined);
      socket.resume();
    });
  }

  #secures(socket: Socket): void {
    // Who says no more before TLS is agreed on is gone.
    socket.allowHalfOpen = false;
    // Asked for while it can be told.
    void socket.remoteAddress;
    this.#secure.emit("connection", socket);
  }

  #failed(socket: TLSSocket, failure: Pick<HandshakeFailure, "code" | "reason">): void {
    this.#settings.telemetry.handshakeFailed({
      side: "downstream",
      address: unmapped(carrierOf(socket).remoteAddress ?? ""),
      ...failure,
    });
    socket.destroy();
  }

  #secured(socket: TLSSocket): void {
    const identity = peerOf(socket, this.#rulesOf(socket)?.trustDomain ?? "");
    // Who proves nothing of this mesh is nobody, and nobody comes over TLS.
    if (identity === undefined) return this.#failed(socket, wrongIdentity("it proves no identity of the trust domain"));
    socket.allowHalfOpen = true;
    socket.setNoDelay(true);
    this.#serve(socket, identity);
  }

  #serve(socket: Socket, identity: string | undefined): void {
    const peer: Peer = {
      identity,
      address: unmapped(socket.remoteAddress ?? ""),
      dialled: { address: unmapped(socket.localAddress ?? ""), port: socket.localPort ?? 0 },
    };
    const rules = this.#rulesOf(socket);
    // They may have changed since it was accepted.
    if (rules === undefined || !isAdmitted(rules, socket, identity)) return void socket.destroy();
    const { serves } = rules;
    const tunnelled = serves.kind === "tcp" ? serves.ruled(peer) : serves.unread?.(peer);
    if (serves.kind === "tcp" || tunnelled !== undefined) {
      const { cluster = "", upstream } = tunnelled ?? {};
      const role = serves.kind === "tcp" ? serves.role : serves.site.role;
      this.#serves(socket, { peer, kind: "tcp" });
      new Tunnel(socket, { role, cluster, peer }, this.#settings.telemetry).open(upstream);
      return;
    }
    let { site } = serves;
    const connection = new HttpConnection(
      socket,
      () => {
        const now = this.#rulesOf(socket)?.serves;
        if (now?.kind === "http") site = now.site;
        return site;
      },
      peer,
      this.#settings,
    );
    this.#serves(socket, { peer, kind: "http", http: connection });
  }

  #serves(socket: Socket, served: Served): void {
    this.#served.set(socket, served);
    socket.once("close", () => this.#served.delete(socket));
  }

  #rulesOf({ localAddress = "" }: Socket): PortRules | undefined {
    return this.#rules.get(unmapped(localAddress)) ?? this.#rules.get("*");
  }

  #swept(): void {
    const since = performance.now() - this.#settings.limits.idleMs;
    for (const { http } of this.#served.values())
      if (http?.isIdle === true && http.idleSince < since) http.socket.destroy();
  }
}

/** Whether rules take a connection of somebody who proved that. */
const isAdmitted = (
  { mtls, isForApplication, trustDomain }: PortRules,
  socket: Socket,
  identity: Peer["identity"],
): boolean => {
  if (isForApplication === true && !isOnThisMachine(socket)) return false;
  return identity === undefined
    ? mtls !== "strict"
    : mtls !== "disabled" && identity.startsWith(`spiffe://${trustDomain}/`);
};

/** Whether rules take one that is served as that kind, as they would take it if it came now. */
const isStillServed = (rules: PortRules, socket: Socket, peer: Peer, kind: Served["kind"]): boolean => {
  if (!isAdmitted(rules, socket, peer.identity)) return false;
  const { serves } = rules;
  if (serves.kind === "http") return kind === (serves.unread?.(peer) === undefined ? "http" : "tcp");
  // Of an application's port only those go on who may still be there; endpoints elsewhere come and go.
  return kind === "tcp" && (serves.role !== "inbound" || serves.ruled(peer).upstream !== undefined);
};

const sweptMs = 5000;
