import type { Socket } from "node:net";

/** Who uses a connection: one exchange after the other, or nobody. */
export interface ConnectionUser {
  readonly received: (chunk: Buffer) => void;
  /** The other end says no more. */
  readonly ended: () => void;
  /** There is no connection any more. */
  readonly lost: (error: Error | undefined) => void;
  /** What was written has left: there is room again. */
  readonly drained: () => void;
}

/**
 * A connection to an endpoint. Its listeners are put on once and pass on to whoever uses it: to put them on and off for
 * every exchange would cost more than the exchange.
 */
export class Connection {
  readonly socket: Socket;
  /** How many exchanges it has served: a fresh one is not lost for being stale. */
  uses = 0;
  user: ConnectionUser | undefined;
  #error: Error | undefined;

  constructor(socket: Socket, idleLost: (connection: Connection) => void) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      if (this.user !== undefined) this.user.received(chunk);
      // Nobody asked for anything: what comes cannot be an answer.
      else socket.destroy();
    });
    socket.on("end", () => (this.user !== undefined ? this.user.ended() : socket.destroy()));
    socket.on("drain", () => this.user?.drained());
    socket.on("error", (error) => (this.#error = error));
    socket.on("close", () => {
      const { user } = this;
      this.user = undefined;
      if (user === undefined) idleLost(this);
      else user.lost(this.#error);
    });
  }
}
