import { isAuthority } from "./grammar/authority.ts";
import { cr, lf, space, targetCodes, tokenCodes } from "./grammar/characters.ts";
import { connectionOptions, keepsAlive } from "./grammar/connection-options.ts";
import { fields } from "./grammar/fields.ts";
import { framing } from "./grammar/framing.ts";
import type { Malformed, RequestHead } from "./head.ts";
import { withoutNamed } from "./hop-by-hop.ts";
import type { HeadLimits } from "./limits.ts";
import { isMalformed, malformed } from "./malformed.ts";
import { httpVersion, versionLength } from "./grammar/version.ts";

const longestMethod = 32;
const standardMethods: ReadonlySet<string> = new Set("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH".split(" "));

/**
 * The head of a request, from the first byte of its start line to before the CRLF CRLF, as latin1. A boundary: whatever
 * is taken here must mean the same to every reader behind, so all that RFC 9112 lets a server repair is refused.
 */
export const requestHead = (text: string, limits: HeadLimits): RequestHead | Malformed => {
  const end = Math.min(text.length, limits.startLine);
  let at = 0;
  while (at < end && tokenCodes[text.charCodeAt(at)]) at += 1;
  if (at === end) return unfinished(text, limits);
  if (at === 0 || text.charCodeAt(at) !== space) return malformed(400, "the method is no token");
  if (at > longestMethod) return malformed(501, "the method is too long");
  const method = text.slice(0, at);
  if (method === "CONNECT") return malformed(501, "CONNECT");
  // Methods have a case, and many readers do not know: rules for the one would be evaded by the other.
  if (!standardMethods.has(method) && standardMethods.has(method.toUpperCase()))
    return malformed(400, "a standard method in another case");

  const targetStart = at + 1;
  at = targetStart;
  while (at < end && targetCodes[text.charCodeAt(at)]) at += 1;
  if (at === end) return unfinished(text, limits);
  if (at === targetStart || text.charCodeAt(at) !== space) return malformed(400, "the target is none");
  const written = text.slice(targetStart, at);

  const minor = httpVersion(text, at + 1);
  if (typeof minor === "object") return minor;
  at += 1 + versionLength;
  if (at > limits.startLine) return malformed(414, "the start line is too long");
  if (at < text.length) {
    if (text.charCodeAt(at) !== cr || text.charCodeAt(at + 1) !== lf)
      return malformed(400, "the start line does not end after the version");
    at += 2;
    if (at === text.length) return malformed(400, "an empty line among header lines");
  }

  const read = fields(text, at, limits.headerLines);
  if (isMalformed(read)) return read;
  const to = destination(method, written, read.host, minor);
  if (isMalformed(to)) return to;
  const frame = framing(read, minor);
  if (isMalformed(frame)) return frame;
  const options = connectionOptions(read.connection);
  if (isMalformed(options)) return options;
  if (read.expect !== undefined && read.expect.toLowerCase() !== "100-continue")
    return malformed(417, "an expectation other than 100-continue");
  const bodiless = frame.kind === "none" || (frame.kind === "length" && frame.bytes === 0);
  return {
    method,
    target: to.target,
    host: to.host,
    minor,
    headers: withoutNamed(read.headers, options.fields),
    framing: frame,
    keepsAlive: keepsAlive(minor, options),
    upgrade:
      read.upgrade !== undefined && options.upgrade && minor === 1 && bodiless ? protocol(read.upgrade) : undefined,
    expectsContinue: read.expect !== undefined && minor === 1,
  };
};

const unfinished = (text: string, limits: HeadLimits): Malformed =>
  text.length > limits.startLine ? malformed(414, "the start line is too long") : malformed(400, "no version");

interface Destination {
  readonly target: string;
  readonly host: string;
}

/** Where a request goes. Only HTTP/1.0 may leave the host out; it is then empty. */
const destination = (
  method: string,
  target: string,
  host: string | undefined,
  minor: 0 | 1,
): Destination | Malformed => {
  if (host === undefined ? minor === 1 : !isAuthority(host))
    return malformed(400, host === undefined ? "no Host" : "Host is no host");
  if (target.charCodeAt(0) === 0x2f) return { target, host: host ?? "" };
  if (target === "*")
    return method === "OPTIONS" ? { target, host: host ?? "" } : malformed(400, "an asterisk without OPTIONS");
  if (target.slice(0, scheme.length).toLowerCase() !== scheme) return malformed(400, "a target of no known form");
  return absolute(method, target, host);
};

/** Others than this one are not what comes in plain text, or what mTLS was taken off from. */
const scheme = "http://";

/** RFC 9112, section 3.2.2; unlike there a `Host` that differs is no matter of taste: some backends go by it. */
const absolute = (method: string, target: string, host: string | undefined): Destination | Malformed => {
  let at = scheme.length;
  while (at < target.length && target[at] !== "/" && target[at] !== "?") at += 1;
  const authority = target.slice(scheme.length, at);
  if (!isAuthority(authority)) return malformed(400, "the target's authority is no host");
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase())
    return malformed(400, "Host and the target's authority differ");
  const rest = target.slice(at);
  if (rest === "") return { target: method === "OPTIONS" ? "*" : "/", host: authority };
  return { target: rest.startsWith("/") ? rest : `/${rest}`, host: authority };
};

/** One protocol by name; a list of them is a question that need not be answered (RFC 9110, section 7.8). */
const protocol = (value: string): string | undefined => {
  for (let at = 0; at < value.length; at += 1)
    if (!tokenCodes[value.charCodeAt(at)] && value[at] !== "/") return undefined;
  return value === "" ? undefined : value.toLowerCase();
};
