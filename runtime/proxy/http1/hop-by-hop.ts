import { connectionOptions } from "./grammar/connection-options.ts";
import type { HeaderLines } from "./head.ts";
import { isMalformed } from "./malformed.ts";

/**
 * The header lines that are for the far end, to be added to: without `Connection` and what it names, and without what it
 * should have named (RFC 9110, section 7.6.1). How a body is framed stays, for bodies are forwarded as they came; `TE`
 * stays where it asks for trailers, which then come through. An upgrade that is granted is written anew.
 */
export const endToEnd = (headers: HeaderLines): string[] => {
  const named = namedByConnection(headers);
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at] as string;
    const value = headers[at + 1] as string;
    if (isEndToEnd(name, value, named)) kept.push(name, value);
  }
  return kept;
};

/** Whether one line is for the far end, where `Connection` names these (`namedByConnection`). */
export const isEndToEnd = (name: string, value: string, named: readonly string[]): boolean =>
  name === "te" ? value.toLowerCase() === "trailers" : !(isForNextHop(name) || named.includes(name));

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

const nothing: readonly string[] = [];

/** Fields that a message calls its connection's own. */
export const namedByConnection = (headers: HeaderLines): readonly string[] => {
  let list: string | undefined;
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at] === "connection") list = list === undefined ? headers[at + 1] : `${list},${headers[at + 1]}`;
  if (list === undefined) return nothing;
  const options = connectionOptions(list);
  if (isMalformed(options)) throw new Error("a Connection that was refused is forwarded");
  return options.fields;
};
