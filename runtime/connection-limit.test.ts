import { once } from "node:events";
import { createServer, request, type RequestListener } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { limitConnections } from "./connection-limit.ts";

const serving = async (most: number, listener: RequestListener) => {
  const server = createServer(listener);
  limitConnections(server, most);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const connected = async (): Promise<Socket> => {
    const accepted = once(server, "connection");
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
    await accepted;
    return socket;
  };
  const asked = async (): Promise<number | undefined> => {
    const sent = request({ port, host: "127.0.0.1", agent: false }).end();
    const [response] = await once(sent, "response");
    response.resume();
    return response.statusCode;
  };
  return { connected, asked };
};

const said = async (socket: Socket): Promise<string> => {
  socket.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
  const [chunk] = await once(socket, "data");
  return String(chunk).slice(0, 12);
};

test("who only holds connections keeps nobody out", async () => {
  const { connected, asked } = await serving(5, (_, response) => void response.end());
  const first = await connected();
  const ended = once(first, "close");
  for (let nth = 0; nth < 20; nth += 1) await connected();
  await ended;
  expect(await asked()).toBe(200);
});

test("the one that has been of no use for longest goes first, and none that is being answered", async () => {
  const waiting = Promise.withResolvers<void>();
  let begun = (): void => undefined;
  const { connected } = await serving(3, async (_, response) => {
    begun();
    await waiting.promise;
    response.end();
  });
  const busy = await connected();
  const began = new Promise<void>((resolve) => (begun = resolve));
  const answer = said(busy);
  await began;
  const idle = [await connected(), await connected()];
  const ended = idle.map((socket) => once(socket, "close"));
  const used = await connected();
  await ended[0];
  await connected();
  await ended[1];
  waiting.resolve();
  expect([await answer, await said(used)]).toEqual(["HTTP/1.1 200", "HTTP/1.1 200"]);
});
