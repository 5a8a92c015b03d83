import type { Socket } from "node:net";
import type { Connection, ConnectionUser } from "../upstream/connection.ts";
import type { Upstream } from "../upstream/clusters.ts";
import type { ConnectionRecord, Telemetry } from "../telemetry/exchange-record.ts";
import type { Peer, Site } from "./site.ts";

/** A connection that is forwarded whole, each direction as fast as its slower side and ended as its sender ends it. */
export class Tunnel implements ConnectionUser {
  readonly #socket: Socket;
  readonly #record: Pick<ConnectionRecord, "role" | "cluster" | "callerAddress" | "caller">;
  readonly #telemetry: Telemetry;
  readonly #startedAt = Date.now();
  readonly #started = performance.now();
  #connection: Connection | undefined;
  #upstream: Upstream | undefined;
  #sentBytes = 0;
  #receivedBytes = 0;
  #isOver = false;

  constructor(
    socket: Socket,
    { role, cluster, peer }: { readonly role: Site["role"]; readonly cluster: string; readonly peer: Peer },
    telemetry: Telemetry,
  ) {
    this.#socket = socket;
    this.#telemetry = telemetry;
    this.#record = { role, cluster, callerAddress: peer.address, caller: peer.identity };
    socket.on("error", () => undefined);
    socket.on("close", () => this.#over("downstream gone"));
  }

  /** Dials the endpoint; without one the connection is closed. */
  open(upstream: Upstream | undefined): void {
    this.#upstream = upstream;
    if (upstream === undefined) {
      this.#over("no-workload");
      return;
    }
    this.#socket.pause();
    upstream.pool.active += 1;
    upstream.pool.acquire(
      {
        connected: (connection) => this.#begun(connection),
        failed: (why) => this.#over(why),
      },
      // What was kept belongs to exchanges.
      { fresh: true },
    );
  }

  received(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (!this.#socket.write(chunk)) this.#connection?.socket.pause();
  }

  ended(): void {
    this.#socket.end();
  }

  lost(error: Error | undefined): void {
    this.#connection = undefined;
    this.#over(error === undefined ? "" : "reset");
  }

  keeps(): boolean {
    return this.#socket.writableLength > 0;
  }

  drained(): void {
    this.#socket.resume();
  }

  #begun(connection: Connection): void {
    if (this.#isOver) return void connection.socket.destroy();
    this.#connection = connection;
    connection.user = this;
    const [down, up] = [this.#socket, connection.socket];
    down.on("data", (chunk: Buffer) => {
      this.#sentBytes += chunk.length;
      if (!up.write(chunk)) down.pause();
    });
    down.on("drain", () => up.resume());
    down.on("end", () => up.end());
    down.resume();
  }

  #over(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const upstream = this.#upstream;
    if (upstream !== undefined) upstream.pool.active -= 1;
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) {
      connection.user = undefined;
      connection.socket.destroy();
    }
    // What was written last still leaves where the upstream ended in order.
    if (reason === "") this.#socket.end();
    else this.#socket.destroy();
    this.#telemetry.connected({
      ...this.#record,
      startedAt: this.#startedAt,
      milliseconds: performance.now() - this.#started,
      reason,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
      endpoint: upstream?.endpoint,
    });
  }
}
