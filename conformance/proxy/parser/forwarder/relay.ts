import { bodyReader } from "../../../../runtime/proxy/http1/body.ts";
import { passedBytes, type BodyReader } from "../../../../runtime/proxy/http1/body-reader.ts";
import { headBuffer } from "../../../../runtime/proxy/http1/head-buffer.ts";
import type { Malformed, RequestHead } from "../../../../runtime/proxy/http1/head.ts";
import { endToEnd } from "../../../../runtime/proxy/http1/hop-by-hop.ts";
import { headLimits, trailerLimits } from "../../../../runtime/proxy/http1/limits.ts";
import { isMalformed } from "../../../../runtime/proxy/http1/malformed.ts";
import { requestHead } from "../../../../runtime/proxy/http1/request-head.ts";
import { writtenRequest } from "./written-head.ts";

/** What becomes of a client's bytes on their way to one backend. */
export interface RelayEvents {
  readonly head: (head: RequestHead) => void;
  readonly bytes: (bytes: Buffer) => void;
  /** The message that began last is whole. */
  readonly whole: () => void;
  /** Nothing more is read: refused, or the client asked for no more than it got. */
  readonly over: (why: Malformed | "closed", isWithinMessage: boolean) => void;
}

/** The request side of a proxy, and nothing of its policy: every message goes to the same place. */
export const relay = ({ head, bytes, whole, over }: RelayEvents): ((chunk: Buffer) => void) => {
  const heads = headBuffer("request", headLimits, (text) => requestHead(text, headLimits));
  let keepsAlive = true;
  let body: BodyReader | undefined;
  let isOver = false;

  const ends = (why: Malformed | "closed", isWithinMessage: boolean): void => {
    isOver = true;
    body = undefined;
    over(why, isWithinMessage);
  };
  const ended = (): void => {
    body = undefined;
    whole();
    if (!keepsAlive) ends("closed", false);
  };
  const headAt = (chunk: Buffer, at: number): number => {
    if (isOver) return chunk.length;
    const taken = heads.take(chunk, at);
    if (taken === undefined) return chunk.length;
    if (isMalformed(taken)) {
      ends(taken, false);
      return chunk.length;
    }
    const request = taken.head;
    keepsAlive = request.keepsAlive;
    const lines = endToEnd(request.headers);
    // Of HTTP/1.0, which may leave it out.
    if (!lines.some((name, at) => at % 2 === 0 && name === "host")) lines.push("host", request.host);
    head(request);
    bytes(Buffer.from(writtenRequest(request.method, request.target, lines), "latin1"));
    body = bodyReader(request.framing, trailerLimits);
    if (body === undefined) ended();
    return taken.end;
  };
  const bodyAt = (chunk: Buffer, at: number, reader: BodyReader): number => {
    const part = reader.take(chunk, at);
    if (isMalformed(part)) {
      ends(part, true);
      return chunk.length;
    }
    const passed = passedBytes(chunk, at, part);
    if (passed.length > 0) bytes(passed);
    if (part.complete) ended();
    return part.end;
  };
  return (chunk) => {
    let at = 0;
    while (at < chunk.length) at = body === undefined ? headAt(chunk, at) : bodyAt(chunk, at, body);
  };
};
