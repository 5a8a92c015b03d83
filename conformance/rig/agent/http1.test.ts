import { describe, expect, test } from "vitest";
import { messageBytes, messageReader, type Message } from "./http1.ts";

/** Every way to cut the bytes in two, since the network cuts where it likes. */
const readInAnyPieces = (side: "request" | "response", text: string, ended = false): readonly Message[][] =>
  Array.from({ length: text.length + 1 }, (_, cut) => {
    const messages: Message[] = [];
    const reader = messageReader(side, (message) => messages.push(message));
    const bytes = Buffer.from(text, "latin1");
    for (const piece of [bytes.subarray(0, cut), bytes.subarray(cut)]) if (piece.length > 0) reader.push(piece);
    if (ended) reader.end();
    return messages;
  });

describe("reading HTTP/1.1", () => {
  test("keeps the raw target, the order and case of headers, and duplicates", () => {
    for (const messages of readInAnyPieces(
      "request",
      "PURGE /a%2F/../b?q=%zz HTTP/1.1\r\nX-A: 1\r\nhost: h\r\nx-a:  2 \r\n\r\n",
    )) {
      expect(messages.map(({ start, headers }) => ({ start, headers }))).toEqual([
        {
          start: ["PURGE", "/a%2F/../b?q=%zz", "HTTP/1.1"],
          headers: [
            ["X-A", "1"],
            ["host", "h"],
            ["x-a", "2"],
          ],
        },
      ]);
    }
  });

  test("tells two requests on one connection apart, with and without a body", () => {
    for (const messages of readInAnyPieces(
      "request",
      "POST /1 HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\n\r\n",
    )) {
      expect(messages.map(({ start, body }) => [start[1], body.toString()])).toEqual([
        ["/1", "abc"],
        ["/2", ""],
      ]);
    }
  });

  test("puts a chunked body together and is ready for the next message", () => {
    const chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
    for (const messages of readInAnyPieces("response", chunked + chunked)) {
      expect(messages.map(({ body, reusable }) => [body.toString(), reusable])).toEqual([
        ["abcde", true],
        ["abcde", true],
      ]);
    }
  });

  test("takes a body without a length up to the end, and never reuses that connection", () => {
    for (const messages of readInAnyPieces("response", "HTTP/1.1 200 OK\r\nx: y\r\n\r\nall of it", true)) {
      expect(messages.map(({ body, reusable }) => [body.toString(), reusable])).toEqual([["all of it", false]]);
    }
  });

  test("skips informational answers and gives 204 no body", () => {
    for (const messages of readInAnyPieces(
      "response",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    )) {
      expect(messages.map(({ start }) => start[1])).toEqual(["204"]);
    }
  });

  test("does not reuse a connection that the other side will close", () => {
    for (const [message] of readInAnyPieces(
      "response",
      "HTTP/1.1 403 Forbidden\r\nConnection: close\r\ncontent-length: 0\r\n\r\n",
    )) {
      expect(message?.reusable).toBe(false);
    }
  });

  test("reads what it writes", () => {
    const bytes = messageBytes(
      "GET /x HTTP/1.1",
      [
        ["A", "1"],
        ["content-length", "2"],
      ],
      "hé".slice(0, 1) + "!",
    );
    const [message] = readInAnyPieces("request", bytes.toString("latin1"))[0] ?? [];
    expect(message).toMatchObject({
      start: ["GET", "/x", "HTTP/1.1"],
      headers: [
        ["A", "1"],
        ["content-length", "2"],
      ],
    });
    expect(message?.body.toString()).toBe("h!");
  });
});
