import { handshakeFailure } from "../telemetry/handshake-failure.ts";
import { Connection, type ConnectionUser } from "./connection.ts";
import { dialled, isSecured, type Dialling } from "./dialled.ts";

export interface PoolLimits {
  /** Connections to one endpoint, in use and idle. */
  readonly connections: number;
  readonly connectMs: number;
  /** How long a connection waits for its next use. */
  readonly idleMs: number;
  /** How many wait. */
  readonly idle: number;
}

export const poolLimits: PoolLimits = { connections: 10_000, connectMs: 10_000, idleMs: 60_000, idle: 256 };

export type Failure = "overflow" | "connect-failure" | "connect-timeout";

/** Told once: a connection that is the caller's own until it gives it back or it is lost. */
export interface Waiting {
  readonly connected: (connection: Connection) => void;
  readonly failed: (why: Failure, error: Error | undefined) => void;
}

/** The connections to one endpoint. The one that was given back last is used first: the others grow old and are closed. */
export class Pool {
  readonly dialling: Dialling;
  /** Exchanges and tunnels that run on it: what balancing goes by. */
  active = 0;
  /** Until then another endpoint is preferred, as it did not answer. */
  avoidedUntil = 0;
  readonly #limits: PoolLimits;
  readonly #idle: { readonly connection: Connection; readonly since: number }[] = [];
  #open = 0;
  #closed = false;

  constructor(dialling: Dialling, limits: PoolLimits = poolLimits) {
    this.dialling = dialling;
    this.#limits = limits;
  }

  /** A connection that waited, at once; else one that is dialled. `fresh` asks for none that waited. */
  acquire(waiting: Waiting, { fresh = false } = {}): void {
    for (let last = fresh ? undefined : this.#idle.pop(); last !== undefined; last = this.#idle.pop()) {
      const { socket } = last.connection;
      if (socket.destroyed || !socket.writable) continue;
      return waiting.connected(last.connection);
    }
    if (this.#open >= this.#limits.connections) return waiting.failed("overflow", undefined);
    const { endpoint, isItself } = this.dialling;
    if (isItself === undefined) return this.#dial(waiting);
    void isItself(endpoint).then((refused) => {
      if (refused) waiting.failed("connect-failure", new Error("the endpoint is this proxy"));
      else this.#dial(waiting);
    });
  }

  /** Takes back what can be used again. */
  release(connection: Connection): void {
    connection.user = undefined;
    connection.uses += 1;
    const { socket } = connection;
    if (this.#closed || socket.destroyed || !socket.writable || this.#idle.length >= this.#limits.idle) {
      socket.destroy();
      return;
    }
    if (socket.isPaused()) socket.resume();
    this.#idle.push({ connection, since: performance.now() });
  }

  /** Ends what waited too long; asked now and then. */
  swept(now: number): void {
    const fresh = this.#idle.findIndex(({ since }) => now - since < this.#limits.idleMs);
    for (const { connection } of this.#idle.splice(0, fresh === -1 ? this.#idle.length : fresh))
      connection.socket.destroy();
  }

  /** No more are kept; those in use end with their exchange. */
  close(): void {
    this.#closed = true;
    for (const { connection } of this.#idle.splice(0)) connection.socket.destroy();
  }

  #dial(waiting: Waiting): void {
    let connection: Connection;
    try {
      connection = new Connection(
        (reading) => dialled(this.dialling, reading),
        (gone) => this.#forgotten(gone),
      );
    } catch (error) {
      return waiting.failed("connect-failure", error as Error);
    }
    const { socket } = connection;
    this.#open += 1;
    socket.setNoDelay(true);
    const { endpoint, handshakeFailed } = this.dialling;
    let why: Failure = "connect-failure";
    let isReached = false;
    const timer = setTimeout(() => {
      why = "connect-timeout";
      socket.destroy(new Error("the endpoint did not answer in time"));
    }, this.#limits.connectMs);
    const user: ConnectionUser = {
      received: () => socket.destroy(new Error("the endpoint spoke before it was asked")),
      ended: () => socket.destroy(),
      drained: () => undefined,
      keeps: () => false,
      lost: (error) => {
        clearTimeout(timer);
        this.avoidedUntil = performance.now() + avoidedMs;
        if (isReached)
          handshakeFailed?.({ side: "upstream", address: endpoint.address, ...handshakeFailure(error, socket) });
        waiting.failed(why, error);
      },
    };
    connection.user = user;
    socket.once("close", () => (this.#open -= 1));
    if (isSecured(this.dialling)) socket.once("connect", () => (isReached = true));
    socket.once(isSecured(this.dialling) ? "secureConnect" : "connect", () => {
      clearTimeout(timer);
      connection.user = undefined;
      this.avoidedUntil = 0;
      waiting.connected(connection);
    });
  }

  #forgotten(connection: Connection): void {
    const at = this.#idle.findIndex((idle) => idle.connection === connection);
    if (at !== -1) this.#idle.splice(at, 1);
  }
}

/** How often connections are looked at that wait. */
export const sweptMs = 5000;

/** How long an endpoint that could not be reached comes after the others. */
const avoidedMs = 1000;
