import { bodyReader } from "../../../../runtime/proxy/http1/body.ts";
import { passedBytes, type BodyReader } from "../../../../runtime/proxy/http1/body-reader.ts";
import { headBuffer } from "../../../../runtime/proxy/http1/head-buffer.ts";
import { endToEnd } from "../../../../runtime/proxy/http1/hop-by-hop.ts";
import { headLimits, trailerLimits } from "../../../../runtime/proxy/http1/limits.ts";
import { isMalformed } from "../../../../runtime/proxy/http1/malformed.ts";
import { responseHead } from "../../../../runtime/proxy/http1/response-head.ts";
import { writtenResponse } from "./written-head.ts";

/** What becomes of a backend's bytes on their way to the client. */
export interface ResponseRelayEvents {
  /** Of the request that is answered next. */
  readonly method: () => string;
  readonly bytes: (bytes: Buffer) => void;
  /** A final response has come to its end. */
  readonly whole: () => void;
  /** Nothing more is read. */
  readonly refused: (isWithinMessage: boolean) => void;
}

/** The response side of a proxy that grants no upgrades. */
export const responseRelay = ({ method, bytes, whole, refused }: ResponseRelayEvents): ((chunk: Buffer) => void) => {
  const heads = headBuffer("response", headLimits, (text) => responseHead(text, headLimits, { method: method() }));
  let body: BodyReader | undefined;
  let isOver = false;

  const ended = (): void => {
    body = undefined;
    whole();
  };
  const refusedAt = (chunk: Buffer, isWithinMessage: boolean): number => {
    isOver = true;
    body = undefined;
    refused(isWithinMessage);
    return chunk.length;
  };
  const headAt = (chunk: Buffer, at: number): number => {
    if (isOver) return chunk.length;
    const taken = heads.take(chunk, at);
    if (taken === undefined) return chunk.length;
    // Nobody was granted an upgrade, so whoever says that it begins is not understood.
    if (isMalformed(taken) || taken.head.status === 101) return refusedAt(chunk, false);
    const { status, reason, headers, framing } = taken.head;
    bytes(Buffer.from(writtenResponse(status, reason, endToEnd(headers)), "latin1"));
    body = bodyReader(framing, trailerLimits);
    if (body === undefined && status >= 200) ended();
    return taken.end;
  };
  const bodyAt = (chunk: Buffer, at: number, reader: BodyReader): number => {
    const part = reader.take(chunk, at);
    if (isMalformed(part)) return refusedAt(chunk, true);
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
