import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Application {
  readonly port: number;
  readonly close: () => void;
}

/** Answers each request with these words once it has come whole. */
export const application = async (words: (request: IncomingMessage) => string): Promise<Application> => {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end(words(request)));
  });
  // Longer than proxies keep connections that wait: the side that asks closes first.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
