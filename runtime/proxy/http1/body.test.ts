import fc from "fast-check";
import { expect, test } from "vitest";
import { bodyReader } from "./body.ts";
import type { Framing } from "./head.ts";
import { isMalformed } from "./malformed.ts";

const limits = { trailers: 64, headerLines: 2 };
const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** How many bytes are the body's; a status where it is malformed, -1 where more must come. */
const length = (
  framing: Framing,
  chunks: readonly Buffer[],
): { readonly taken: number } | { readonly refused: number } => {
  const reader = bodyReader(framing, limits);
  let before = 0;
  for (const chunk of chunks) {
    if (reader === undefined) return { taken: 0 };
    const part = reader.take(chunk, 0);
    if (isMalformed(part)) return { refused: part.status };
    if (part.complete) return { taken: before + part.end };
    expect(part.end).toBe(chunk.length);
    before += chunk.length;
  }
  return { taken: -1 };
};
const chunked = (...chunks: readonly string[]) => length({ kind: "chunked" }, chunks.map(bytes));

test("ends a body where its framing says", () => {
  expect(length({ kind: "none" }, [bytes("x")])).toEqual({ taken: 0 });
  expect(length({ kind: "length", bytes: 0 }, [bytes("x")])).toEqual({ taken: 0 });
  expect(length({ kind: "length", bytes: 3 }, [bytes("ab"), bytes("cd")])).toEqual({ taken: 3 });
  expect(length({ kind: "length", bytes: 3 }, [bytes("ab")])).toEqual({ taken: -1 });
  expect(length({ kind: "close" }, [bytes("ab")])).toEqual({ taken: -1 });
  expect(chunked("5\r\nhello\r\n00A\r\n0123456789\r\n0\r\n\r\nGET")).toEqual({ taken: 32 });
  expect(chunked("0\r\nX-Sum: 1\r\n\r\n")).toEqual({ taken: 15 });
});

test("begins where the head ended", () => {
  expect(bodyReader({ kind: "length", bytes: 2 }, limits)?.take(bytes("xxabyy"), 2)).toEqual({
    end: 4,
    complete: true,
  });
  expect(bodyReader({ kind: "chunked" }, limits)?.take(bytes("xx0\r\n\r\nyy"), 2)).toEqual({ end: 7, complete: true });
});

test("refuses chunks that are read in more than one way", () => {
  for (const bad of [
    "\r\n",
    "g\r\n",
    "0x1\r\n",
    "-1\r\n",
    "+1\r\n",
    " 1\r\n",
    "1 \r\n",
    "1;a=b\r\n",
    "1;\r\n",
    "1\n",
    "1\ra",
    "1\r\nab",
    "1\r\na\n",
    "1\r\na\rb",
    "1\r\na\r\n\r\n",
    "20000000000000\r\n",
    "00000000000000001\r\n",
    "fffffffffffffffff\r\n",
    "0\r\n\n",
    "0\r\n\rx",
    "0\r\nX: y\n",
    "0\r\n folded\r\n\r\n",
    "0\r\nX : y\r\n\r\n",
    "0\r\nContent-Length: 5\r\n\r\n",
    "0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "0\r\nHost: a\r\n\r\n",
  ])
    expect(chunked(bad), JSON.stringify(bad)).toEqual({ refused: 400 });
  expect(chunked("1fffffffffffff\r\n")).toEqual({ taken: -1 });
  expect(chunked(`0\r\nX: ${"y".repeat(64)}`)).toEqual({ refused: 431 });
  expect(chunked("0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n")).toEqual({ refused: 431 });
});

test("reads the same however a chunked body is split", () => {
  const piece = fc.constantFrom(
    ..."5\r\nhello\r\n|1\r\n\n\r\n|0\r\n|\r\n|X: y\r\n|Host: a\r\n|\n|\r|f|10\r\n|0123456789abcdef\r\n| ".split("|"),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.nat(), (pieces, place) => {
      const whole = bytes(pieces.join(""));
      const cut = place % (whole.length + 1);
      const read = length({ kind: "chunked" }, [whole]);
      expect(length({ kind: "chunked" }, [whole.subarray(0, cut), whole.subarray(cut)])).toEqual(read);
      expect(
        length(
          { kind: "chunked" },
          [...whole].map((byte) => Buffer.from([byte])),
        ),
      ).toEqual(read);
    }),
    { numRuns: 3000 },
  );
});

test("takes any body apart that is put together as the RFC has it", () => {
  const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 });
  fc.assert(
    fc.property(parts, (parts) => {
      const framed = Buffer.concat([
        ...parts.flatMap((part) => [bytes(`${part.length.toString(16)}\r\n`), part, bytes("\r\n")]),
        bytes("0\r\n\r\n"),
      ]);
      expect(length({ kind: "chunked" }, [Buffer.concat([framed, bytes("next")])])).toEqual({ taken: framed.length });
    }),
  );
});
