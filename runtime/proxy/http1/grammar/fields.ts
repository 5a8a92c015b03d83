import { colon, cr, isBlank, lf, tokenCodes, valueCodes } from "./characters.ts";
import type { Malformed } from "../head.ts";
import { malformed } from "../malformed.ts";

/** Field lines, and those among them that say where a message ends and what becomes of its connection. */
export interface Fields {
  readonly headers: readonly string[];
  readonly host: string | undefined;
  readonly contentLength: string | undefined;
  readonly transferEncoding: string | undefined;
  /** Of several lines of these three, their values as one list. */
  readonly connection: string | undefined;
  readonly upgrade: string | undefined;
  readonly expect: string | undefined;
}

/**
 * The field lines that begin at `from` and end with the text (RFC 9112, section 5). Nothing is repaired: folded lines,
 * space before a colon, control characters, and any line end but CRLF are refused, and so is a second `Host`,
 * `Content-Length` or `Transfer-Encoding`, even an equal one. What is first wrong is what is said, so the answer does not
 * depend on how much of the text came.
 */
export const fields = (text: string, from: number, limit: number): Fields | Malformed => {
  const headers: string[] = [];
  let host: string | undefined;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let connection: string | undefined;
  let upgrade: string | undefined;
  let expect: string | undefined;
  const end = text.length;
  let at = from;
  while (at < end) {
    if (headers.length === 2 * limit) return malformed(431, "too many header lines");

    const nameStart = at;
    let seen = 0;
    for (; at < end; at += 1) {
      const kind = tokenCodes[text.charCodeAt(at)] as number;
      if (!kind) break;
      seen |= kind;
    }
    if (at === end || text.charCodeAt(at) !== colon) return noName(text, nameStart, at);
    if (at === nameStart) return malformed(400, "a header line without a name");
    const written = text.slice(nameStart, at);
    const name = seen > 1 ? written.toLowerCase() : written;

    at += 1;
    while (at < end && isBlank(text.charCodeAt(at))) at += 1;
    const valueStart = at;
    while (at < end && valueCodes[text.charCodeAt(at)]) at += 1;
    let valueEnd = at;
    while (valueEnd > valueStart && isBlank(text.charCodeAt(valueEnd - 1))) valueEnd -= 1;
    const value = text.slice(valueStart, valueEnd);

    if (at < end) {
      if (text.charCodeAt(at) !== cr) return malformed(400, "a control character in a header's value");
      if (text.charCodeAt(at + 1) !== lf) return malformed(400, "a bare CR");
      at += 2;
      if (at === end) return malformed(400, "an empty line among header lines");
    }

    headers.push(name, value);
    switch (name.length) {
      case 4:
        if (name !== "host") break;
        if (host !== undefined) return malformed(400, "more than one Host");
        host = value;
        break;
      case 6:
        if (name === "expect") expect = listed(expect, value);
        break;
      case 7:
        if (name === "upgrade") upgrade = listed(upgrade, value);
        break;
      case 10:
        if (name === "connection") connection = listed(connection, value);
        break;
      case 14:
        if (name !== "content-length") break;
        if (contentLength !== undefined) return malformed(400, "more than one Content-Length");
        contentLength = value;
        break;
      case 17:
        if (name !== "transfer-encoding") break;
        if (transferEncoding !== undefined) return malformed(400, "more than one Transfer-Encoding");
        transferEncoding = value;
        break;
    }
  }
  return { headers, host, contentLength, transferEncoding, connection, upgrade, expect };
};

const listed = (list: string | undefined, value: string): string => (list === undefined ? value : `${list},${value}`);

const noName = (text: string, start: number, at: number): Malformed => {
  if (at === text.length) return malformed(400, "a header line without a colon");
  const code = text.charCodeAt(at);
  if (isBlank(code)) return malformed(400, at === start ? "a folded header line" : "space in a header's name");
  return malformed(400, "a header's name is no token");
};
