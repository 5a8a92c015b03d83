import { connect, type Socket } from "node:net";

/** A connection on which one request after the other is answered. */
export interface Requester {
  /** Calls back once the answer is whole. */
  readonly ask: (answered: () => void) => void;
  readonly close: () => void;
}

/** `failed` hears of whatever is no whole answer with 200. */
export const requester = (port: number, request: string, failed: (why: string) => void): Promise<Requester> =>
  new Promise((resolve) => {
    let answered: (() => void) | undefined;
    let head = "";
    /** Of the body, still to come; undefined while the head is not whole. */
    let left: number | undefined;
    let isClosed = false;
    const socket: Socket = connect({ host: "127.0.0.1", port, noDelay: true }, () =>
      resolve({
        ask: (then) => {
          answered = then;
          socket.write(request, "latin1");
        },
        close: () => {
          isClosed = true;
          socket.destroy();
        },
      }),
    );
    socket.on("error", (error) => failed(error.message));
    socket.on("close", () => isClosed || failed("a connection was closed"));
    socket.on("data", (chunk: Buffer) => {
      let at = 0;
      if (left === undefined) {
        const before = head.length;
        head += chunk.toString("latin1");
        const end = head.indexOf("\r\n\r\n");
        if (end === -1) return;
        const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
        if (!head.startsWith("HTTP/1.1 200 ") || length === undefined) return failed(head.slice(0, end));
        left = Number(length);
        at = end + 4 - before;
      }
      left -= chunk.length - at;
      if (left > 0) return;
      if (left < 0) return failed("more came than was asked for");
      head = "";
      left = undefined;
      answered?.();
    });
  });
