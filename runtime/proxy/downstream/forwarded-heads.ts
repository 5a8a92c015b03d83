import { randomBytes, randomUUID } from "node:crypto";
import type { HeaderLines, RequestHead, ResponseHead } from "../http1/head.ts";
import { isEndToEnd, namedByConnection } from "../http1/hop-by-hop.ts";
import type { Peer, Site } from "./site.ts";

interface Sender {
  readonly role: Site["role"];
  readonly peer: Peer;
  /** Of the proxy that forwards. */
  readonly identity: string;
  readonly requestId: string;
}

/** Fields that the proxy says itself. */
const own: Readonly<Record<Site["role"], ReadonlySet<string>>> = {
  outbound: new Set(["host"]),
  // What a caller says of its own identity is not passed on: only what it proved.
  inbound: new Set(["host", "x-forwarded-client-cert"]),
  gateway: new Set(["host", "x-forwarded-client-cert", "x-forwarded-for", "x-forwarded-proto", "x-request-id"]),
};

/**
 * A request's head as it goes to an endpoint, put together in one pass. INVARIANT: every part was read strictly or was
 * checked with the configuration, so that none can end its line.
 */
export const forwardedRequest = (
  { method, host, upgrade }: RequestHead,
  { target, headers }: { readonly target: string; readonly headers: HeaderLines },
  { role, peer, identity, requestId }: Sender,
): string => {
  const mine = own[role];
  const named = namedByConnection(headers);
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n`;
  let [hasTrace, hasRequestId] = [false, false];
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at]!, headers[at + 1]!];
    if (mine.has(name) || !isEndToEnd(name, value, named)) continue;
    if (name === "traceparent") hasTrace = true;
    else if (name === "x-request-id") hasRequestId = true;
    text += `${name}: ${value}\r\n`;
  }
  if (upgrade === granted) text += `connection: upgrade\r\nupgrade: ${granted}\r\n`;
  if (!hasRequestId) text += `x-request-id: ${requestId}\r\n`;
  if (!hasTrace) text += `traceparent: ${newTrace()}\r\n`;
  if (role === "gateway") text += `x-forwarded-for: ${peer.address}\r\nx-forwarded-proto: http\r\n`;
  if (role === "inbound" && peer.identity !== undefined)
    text += `x-forwarded-client-cert: By=${identity};URI=${peer.identity}\r\n`;
  return `${text}\r\n`;
};

/** What may be upgraded to; what is asked for beside it is not passed on, and so cannot be granted. */
export const granted = "websocket";

/** A response's head as it goes to the caller; `connection` says what becomes of that. */
export const forwardedResponse = (
  { status, reason }: ResponseHead,
  headers: HeaderLines,
  connection: "kept" | "closed" | "upgraded",
): string => {
  const named = namedByConnection(headers);
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at]!, headers[at + 1]!];
    if (isEndToEnd(name, value, named)) text += `${name}: ${value}\r\n`;
  }
  if (connection === "upgraded") text += `connection: upgrade\r\nupgrade: ${granted}\r\n`;
  else if (connection === "closed") text += "connection: close\r\n";
  return `${text}\r\n`;
};

/** 100 Continue and its like: told on the way. */
export const interimResponse = (head: ResponseHead): string => forwardedResponse(head, head.headers, "kept");

/** The caller's own, or a new one: by it the lines of all proxies on a way are found. */
export const requestIdOf = (headers: HeaderLines): string => {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === "x-request-id") return headers[at + 1]!;
  return randomUUID();
};

/** A trace that begins here (W3C Trace Context, section 3.2); whoever has one already keeps it. */
const newTrace = (): string => {
  if (drawn === draws.length) {
    draws = randomBytes(traceBytes * 512).toString("hex");
    drawn = 0;
  }
  const ids = draws.slice(drawn, (drawn += 2 * traceBytes));
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-00`;
};

const traceBytes = 24;
/** Drawn for many traces at a time: to ask the system costs as much as the rest of a head. */
let draws = "";
let drawn = 0;
