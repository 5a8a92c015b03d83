import type { Socket } from "node:net";

/** Node's `onread`: bytes go where we say, and not into a new place for every piece. */
export interface Reading {
  readonly buffer: () => Buffer;
  readonly callback: (length: number) => boolean;
}

const readBytes = 1 << 16;

/** Who uses a connection: one exchange after the other, or nobody. */
export interface ConnectionUser {
  readonly received: (chunk: Buffer) => void;
  /** The other end says no more. */
  readonly ended: () => void;
  /** There is no connection any more. */
  readonly lost: (error: Error | undefined) => void;
  /** What was written has left: there is room again. */
  readonly drained: () => void;
  /** Whether what was received last may still be read: bytes that wait to be written are written from where they came. */
  readonly keeps: () => boolean;
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

  constructor(dialled: (reading: Reading) => Socket, idleLost: (connection: Connection) => void) {
    let buffer = Buffer.allocUnsafeSlow(readBytes);
    const socket = dialled({
      buffer: () => buffer,
      callback: (length) => {
        const { user } = this;
        // Nobody asked for anything: what comes cannot be an answer.
        if (user === undefined) return socket.destroy().destroyed;
        user.received(buffer.subarray(0, length));
        if (user.keeps()) buffer = Buffer.allocUnsafeSlow(readBytes);
        return true;
      },
    });
    this.socket = socket;
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
