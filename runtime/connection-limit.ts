import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Holds a server that has answers for probes to so many connections. One more is taken in: instead, the one is ended that has waited
 * longest for a request, or, where all are being answered, for its answer. Who only holds connections keeps nobody out then.
 */
export const limitConnections = (server: Server, most: number): void => {
  // In the order in which they were last of use.
  const open = new Set<Socket>();
  const answering = new Map<Socket, number>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => {
      open.delete(socket);
      answering.delete(socket);
    });
    if (open.size <= most) return;
    const [oldest] = open;
    const idle = open.values().find((one) => one !== socket && !answering.has(one));
    const ended = idle ?? oldest;
    if (ended === undefined) return;
    open.delete(ended);
    ended.destroy();
  });
  server.on("request", ({ socket }, response) => {
    answering.set(socket, (answering.get(socket) ?? 0) + 1);
    response.once("close", () => {
      const others = (answering.get(socket) ?? 0) - 1;
      if (others > 0) answering.set(socket, others);
      else answering.delete(socket);
      // It goes behind the others.
      if (open.delete(socket)) open.add(socket);
    });
  });
};
