import { createServer, type AddressInfo } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { requester } from "./requester.ts";

/** Answers each request with the same bytes, one piece after the other. */
const answering = async (pieces: readonly string[]): Promise<number> => {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => undefined);
    socket.on("data", async () => {
      for (const piece of pieces) {
        socket.write(piece);
        await turn();
      }
    });
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
};

/** How each of two requests on one connection came out; the second is asked once the first is answered. */
const twice = async (pieces: readonly string[]): Promise<readonly string[]> => {
  const port = await answering(pieces);
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    const failed = (why: string): void => {
      heard.push(why);
      resolve();
    };
    void requester(port, "GET / HTTP/1.1\r\n\r\n", failed).then(({ ask, close }) => {
      onTestFinished(close);
      ask(() => {
        heard.push("whole");
        ask(() => {
          heard.push("whole");
          resolve();
        });
      });
    });
  });
  return heard;
};

test("an answer is whole with the last byte of its body, wherever it was split", async () => {
  expect(await twice(["HTTP/1.1 200 OK\r\nContent-", "Length: 5\r\n\r", "\nab", "cde"])).toEqual(["whole", "whole"]);
  expect(await twice(["HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"])).toEqual(["whole", "whole"]);
});

test("whatever is not 200 or says no length fails", async () => {
  expect(await twice(["HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n"])).toEqual([
    "HTTP/1.1 503 No\r\ncontent-length: 0",
  ]);
  expect(await twice(["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"])).toHaveLength(1);
});
