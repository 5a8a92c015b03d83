import { createServer, type Server } from "node:http";

/** Plays a workload that nobody plays: says what it was asked, and who it is. */
export const echo = async (workload: string, port: number): Promise<Server> => {
  const server = createServer((request, response) => {
    let bytes = 0;
    request.on("data", (chunk: Buffer) => (bytes += chunk.length));
    request.on("end", () => {
      const { method, url, headers } = request;
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        `${JSON.stringify({ workload, method, path: url, host: headers.host, bodyBytes: bytes, headers })}\n`,
      );
    });
  });
  // Longer than proxies keep connections that wait: the side that asks closes first.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: "127.0.0.1", port }, resolve);
  });
  return server;
};
