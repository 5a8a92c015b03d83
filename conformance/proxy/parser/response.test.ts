import { expect, test } from "vitest";
import { responses } from "./corpus/responses.ts";
import { nodeResponse } from "./peers/node-client.ts";
import { responseRelay } from "./forwarder/response-relay.ts";

/** What a client gets before its connection ends with the backend's, or with a refusal. */
const forwarded = (method: string, chunks: readonly Buffer[]) => {
  const parts: Buffer[] = [];
  let [whole, isRefused] = [0, false];
  const take = responseRelay({
    method: () => method,
    bytes: (part) => {
      // What comes after the one response is for nobody, and a proxy closes the connection.
      if (whole === 0) parts.push(part);
    },
    whole: () => (whole += 1),
    refused: () => (isRefused = true),
  });
  for (const chunk of chunks) take(chunk);
  return { bytes: Buffer.concat(parts), isRefused: isRefused && whole === 0 };
};

test.each(responses)("$name", async ({ method, bytes, forwarded: expected }) => {
  const ours = forwarded(method, [bytes]);
  expect(ours.isRefused).toBe(expected === "refused");
  const isRead = expected !== "refused" && expected !== "unfinished";
  expect(await nodeResponse(method, ours.bytes)).toBe(isRead ? expected : undefined);
  if (bytes.length < 2000)
    expect(
      forwarded(
        method,
        [...bytes].map((byte) => Buffer.from([byte])),
      ).isRefused,
    ).toBe(ours.isRefused);
});
