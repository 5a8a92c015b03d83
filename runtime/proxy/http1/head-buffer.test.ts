import fc from "fast-check";
import { expect, test } from "vitest";
import type { Malformed, RequestHead } from "./head.ts";
import { headBuffer } from "./head-buffer.ts";
import { headLimits } from "./limits.ts";
import { isMalformed } from "./malformed.ts";
import { requestHead } from "./request-head.ts";

const limits = { startLine: 64, head: 160, headerLines: 4 };

/** All heads in these chunks up to the first refusal, and whether one is unfinished. */
const heads = (chunks: readonly Buffer[]): readonly (RequestHead | Malformed | "unfinished")[] => {
  const buffer = headBuffer("request", limits, (text) => requestHead(text, limits));
  const read: (RequestHead | Malformed | "unfinished")[] = [];
  for (const chunk of chunks)
    for (let at = 0; at < chunk.length;) {
      const taken = buffer.take(chunk, at);
      if (taken === undefined) break;
      if (isMalformed(taken)) return [...read, taken];
      read.push(taken.head);
      at = taken.end;
    }
  return buffer.begun() ? [...read, "unfinished"] : read;
};

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");
const split = (whole: Buffer, places: readonly number[]): readonly Buffer[] => {
  const cuts = [0, ...places.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return cuts.slice(1).map((cut, index) => whole.subarray(cuts[index], cut));
};

test("reads the same however the bytes are split", () => {
  const piece = fc.constantFrom(
    ..."GET / HTTP/1.1\r\nHost: a\r\n\r\n|POST /b HTTP/1.0\r\n\r\n|\r\n|\r|\n|\0|X: y\r\n|Host: a\r\n| |HTTP/2.0|Content-Length: 1\r\n|\r\n\r\n".split(
      "|",
    ),
    "a".repeat(70),
    "X: ".padEnd(60, "b"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 6 }), (pieces, places) => {
      const whole = bytes(pieces.join(""));
      const read = heads([whole]);
      expect(heads(split(whole, places))).toEqual(read);
      expect(heads([...whole].map((byte) => Buffer.from([byte])))).toEqual(read);
    }),
    { numRuns: 3000 },
  );
});

test("reads several messages in one chunk, and says where each ends", () => {
  const one = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  expect(heads([bytes(`${one}${one}`)])).toHaveLength(2);
  const buffer = headBuffer("request", headLimits, (text) => requestHead(text, headLimits));
  expect(buffer.take(bytes(`xx${one}rest`), 2)).toMatchObject({ head: { target: "/1" }, end: 2 + one.length });
});

test("ignores one empty line before a request, and none before a response", () => {
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  expect(heads([bytes(`\r\n${request}\r\n${request}`)])).toMatchObject([{ method: "GET" }, { method: "GET" }]);
  expect(heads([bytes(`\r\n\r\n${request}`)])).toMatchObject([{ status: 400 }]);
  const responses = headBuffer("response", limits, (text) => ({ text }));
  expect(responses.take(bytes("\r\nHTTP/1.1 200\r\n\r\n"), 0)).toMatchObject({ head: { text: "\r\nHTTP/1.1 200" } });
});

test("refuses a bare line end when it comes", () => {
  expect(heads([bytes("GET / HTTP/1.1\n")])).toMatchObject([{ status: 400 }]);
  expect(heads([bytes("GET / HTTP/1.1\r\nA: b\rC")])).toMatchObject([{ status: 400 }]);
  expect(heads([bytes("\rG")])).toMatchObject([{ status: 400 }]);
});

test("refuses a head over its limits before its end has come", () => {
  expect(heads([bytes(`GET / HTTP/1.1\r\nHost: ${"a".repeat(200)}`)])).toMatchObject([{ status: 431 }]);
  expect(heads([bytes(`GET /${"a".repeat(200)}`)])).toMatchObject([{ status: 414 }]);
  const exact = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"b".repeat(160 - 32)}\r\n\r\n`;
  expect(heads([bytes(exact)])).toMatchObject([{ method: "GET" }]);
  expect(heads([bytes(exact.replace("X: ", "X: b"))])).toMatchObject([{ status: 431 }]);
});
