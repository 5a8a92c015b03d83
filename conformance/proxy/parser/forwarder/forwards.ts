import type { RequestHead } from "../../../../runtime/proxy/http1/head.ts";
import { message, type Message } from "../message.ts";
import { relay } from "./relay.ts";

/** What our readers make of all the bytes that one client sends. */
export interface Forwards {
  readonly messages: readonly Message[];
  /** A status that refuses what comes next, or how the connection is left. */
  readonly end: number | "open" | "closed";
  /** How many messages come before the first of HTTP/1.0; undefined where there is none of it. */
  readonly beforeOld: number | undefined;
  /** To the backend: nothing of a message that was refused half-way is missing. */
  readonly bytes: Buffer;
}

export const forwards = (chunks: readonly Buffer[]): Forwards => {
  const messages: Message[] = [];
  const bytes: Buffer[] = [];
  let begun: RequestHead | undefined;
  let body: Buffer[] = [];
  let end: Forwards["end"] = "open";
  let beforeOld: number | undefined;
  const take = relay({
    head: (head) => {
      begun = head;
      if (head.minor === 0) beforeOld ??= messages.length;
      body = [];
    },
    bytes: (part) => {
      bytes.push(part);
      body.push(part);
    },
    whole: () => {
      if (begun === undefined) throw new Error("a message is whole that did not begin");
      // The first part is the head.
      const sent = Buffer.concat(body.slice(1));
      const { method, host, target, framing } = begun;
      messages.push(message(method, host, target, framing.kind === "chunked" ? withoutChunks(sent) : sent));
    },
    over: (why) => {
      end = why === "closed" ? why : why.status;
    },
  });
  for (const chunk of chunks) take(chunk);
  return { messages, end, beforeOld, bytes: Buffer.concat(bytes) };
};

/** Of a body that was judged: lenient because it may be. */
const withoutChunks = (body: Buffer): Buffer => {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const line = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, line), 16);
    if (!(size > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
};
