import { cr, lf, space, valueCodes } from "./grammar/characters.ts";
import { connectionOptions, keepsAlive } from "./grammar/connection-options.ts";
import { fields, type Fields } from "./grammar/fields.ts";
import { framing, noBody } from "./grammar/framing.ts";
import type { Framing, Malformed, ResponseHead } from "./head.ts";
import { withoutNamed } from "./hop-by-hop.ts";
import type { HeadLimits } from "./limits.ts";
import { isMalformed, malformed } from "./malformed.ts";
import { httpVersion, versionLength } from "./grammar/version.ts";

/**
 * The head of a response, as `requestHead` has a request's, to a request of this method. Whoever asked is told 502 of a
 * malformed one; its own status says only what is wrong.
 */
export const responseHead = (
  text: string,
  limits: HeadLimits,
  { method }: { readonly method: string },
): ResponseHead | Malformed => {
  const minor = httpVersion(text, 0);
  if (typeof minor === "object") return minor;
  const status = statusAt(text, versionLength);
  if (status === undefined) return malformed(400, "no status from 100 to 599");

  // RFC 9112 wants a space even before an empty reason; many servers leave it out, and nothing else can be meant.
  const reasonStart = Math.min(versionLength + 5, text.length);
  let at = versionLength + 4;
  if (at < text.length && text.charCodeAt(at) === space) at += 1;
  else if (at < text.length && text.charCodeAt(at) !== cr)
    return malformed(400, "the status has more than three digits");
  const end = Math.min(text.length, limits.startLine + 1);
  while (at < end && valueCodes[text.charCodeAt(at)]) at += 1;
  if (at > limits.startLine) return malformed(414, "the start line is too long");
  const reason = text.slice(reasonStart, at);
  if (at < text.length) {
    if (text.charCodeAt(at) !== cr || text.charCodeAt(at + 1) !== lf)
      return malformed(400, "a control character in the start line");
    at += 2;
    if (at === text.length) return malformed(400, "an empty line among header lines");
  }

  const read = fields(text, at, limits.headerLines);
  if (isMalformed(read)) return read;
  const frame = responseFraming(read, minor, status, method);
  if (isMalformed(frame)) return frame;
  const options = connectionOptions(read.connection);
  if (isMalformed(options)) return options;
  return {
    status,
    reason,
    minor,
    headers: withoutNamed(read.headers, options.fields),
    framing: frame,
    keepsAlive: frame.kind !== "close" && keepsAlive(minor, options),
  };
};

const statusAt = (text: string, at: number): number | undefined => {
  if (text.charCodeAt(at) !== space) return undefined;
  let status = 0;
  for (let place = at + 1; place < at + 4; place += 1) {
    const digit = text.charCodeAt(place) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return undefined;
    status = status * 10 + digit;
  }
  return status >= 100 && status <= 599 ? status : undefined;
};

/** RFC 9112, section 6.3. What says its length where none can be, other than none, was written by a confused server. */
const responseFraming = (read: Fields, minor: 0 | 1, status: number, method: string): Framing | Malformed => {
  const said = framing(read, minor);
  if (isMalformed(said)) return said;
  if (status < 200 || status === 204) {
    const isEmpty = said.kind === "none" || (said.kind === "length" && said.bytes === 0);
    return isEmpty ? noBody : malformed(400, "a body where the status allows none");
  }
  if (status === 304 || method === "HEAD") return noBody;
  return said.kind === "none" ? untilClosed : said;
};

const untilClosed: Framing = { kind: "close" };
