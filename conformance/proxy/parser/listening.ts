import type { AddressInfo, Server, Socket } from "node:net";

export interface Listening {
  readonly port: number;
  /** Ends its connections too. */
  readonly stop: () => void;
}

export const listening = (server: Server): Promise<Listening> =>
  new Promise((resolve, reject) => {
    const open = new Set<Socket>();
    server.on("connection", (socket: Socket) => {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    });
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        stop: () => {
          server.close();
          for (const socket of open) socket.destroy();
        },
      }),
    );
  });
