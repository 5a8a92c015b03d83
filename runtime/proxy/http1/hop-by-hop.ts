import type { HeaderLines } from "./head.ts";

/**
 * Header lines without those that a message calls its connection's own (RFC 9110, section 7.6.1). Taken away as they are
 * read, before anything is decided by them or added to them: a caller would take away what the proxy says otherwise. `TE`
 * is judged by its value (`isEndToEnd`).
 */
export const withoutNamed = (headers: HeaderLines, named: readonly string[]): HeaderLines => {
  if (named.length === 0) return headers;
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    if (name === "te" || !named.includes(name)) kept.push(name, headers[at + 1] as string);
  }
  return kept;
};

/**
 * Whether one line is for the far end though its message does not name it as its connection's own. How a body is framed
 * stays, for bodies are forwarded as they came; so does `TE` where it asks for trailers (Envoy keeps it, too). An upgrade
 * that is granted is written anew.
 */
export const isEndToEnd = (name: string, value: string): boolean =>
  name === "te" ? value.toLowerCase() === "trailers" : !isForNextHop(name);

/** All lines that are, to be added to. */
export const endToEnd = (headers: HeaderLines): string[] => {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at] as string, headers[at + 1] as string];
    if (isEndToEnd(name, value)) kept.push(name, value);
  }
  return kept;
};

const isForNextHop = (name: string): boolean => {
  switch (name.length) {
    case 7:
      return name === "upgrade";
    case 10:
      return name === "connection" || name === "keep-alive";
    // What an upgrade to HTTP/2 brings with it.
    case 14:
      return name === "http2-settings";
    case 16:
      return name === "proxy-connection";
    default:
      return false;
  }
};
