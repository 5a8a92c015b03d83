import type { Fields } from "./fields.ts";
import type { Framing, Malformed } from "../head.ts";
import { malformed } from "../malformed.ts";

/** Sixteen digits hold all that a number is exact to. */
const mostDigits = 16;

export const noBody: Framing = { kind: "none" };
const chunked: Framing = { kind: "chunked" };

/**
 * Where the body ends, by what a message says itself (RFC 9112, section 6); "none" if it says nothing. A message that
 * could be read two ways is refused, also where the RFC says which of them is meant: not every reader knows.
 */
export const framing = ({ contentLength, transferEncoding }: Fields, minor: 0 | 1): Framing | Malformed => {
  if (transferEncoding !== undefined) {
    if (contentLength !== undefined) return malformed(400, "Content-Length beside Transfer-Encoding");
    if (minor === 0) return malformed(400, "Transfer-Encoding in HTTP/1.0");
    if (transferEncoding.toLowerCase() !== "chunked") return malformed(501, "a transfer coding other than chunked");
    return chunked;
  }
  return contentLength === undefined ? noBody : lengthFraming(contentLength);
};

const lengthFraming = (digits: string): Framing | Malformed => {
  let bytes = 0;
  for (let at = 0; at < digits.length; at += 1) {
    const digit = digits.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return malformed(400, "Content-Length is no number");
    bytes = bytes * 10 + digit;
  }
  if (digits.length === 0) return malformed(400, "Content-Length is empty");
  if (digits.length > mostDigits || bytes > Number.MAX_SAFE_INTEGER)
    return malformed(400, "Content-Length is too large");
  return { kind: "length", bytes };
};
