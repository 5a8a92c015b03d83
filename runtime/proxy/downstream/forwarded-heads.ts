import { randomBytes, randomUUID } from "node:crypto";
import type { HeaderLines, RequestHead, ResponseHead } from "../http1/head.ts";
import { isEndToEnd } from "../http1/hop-by-hop.ts";
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

/** What some servers take for another name: CGI knows no `-`, and `Content_Length` becomes `CONTENT_LENGTH` as well. */
const isTwin = (name: string): boolean => {
  if (!name.includes("_")) return false;
  const other = name.replaceAll("_", "-");
  return other.startsWith("x-forwarded-") || other.startsWith("x-envoy-") || twins.has(other);
};
const twins: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "te",
  "forwarded",
  "x-real-ip",
  "x-request-id",
]);

/** Whether a line comes through a proxy of that role. What begins with `x-envoy-` is told by proxies of the mesh, not to them from outside. */
const isPassed = (name: string, role: Site["role"]): boolean => {
  if (own[role].has(name)) return false;
  if (role === "outbound") return true;
  return !isTwin(name) && !(role === "gateway" && name.startsWith("x-envoy-"));
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
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n`;
  let [hasTrace, hasRequestId] = [false, false];
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at]!, headers[at + 1]!];
    if (!isEndToEnd(name, value) || !isPassed(name, role)) continue;
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
const granted = "websocket";

/** A response's head as it goes to the caller; `connection` says what becomes of that. */
export const forwardedResponse = (
  { status, reason }: ResponseHead,
  headers: HeaderLines,
  connection: "kept" | "closed" | "upgraded",
): string => {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`;
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = [headers[at]!, headers[at + 1]!];
    if (isEndToEnd(name, value)) text += `${name}: ${value}\r\n`;
  }
  if (connection === "upgraded") text += `connection: upgrade\r\nupgrade: ${granted}\r\n`;
  else if (connection === "closed") text += "connection: close\r\n";
  return `${text}\r\n`;
};

/** Whether a 101 grants what was asked for. */
export const isGranted = ({ upgrade }: RequestHead, { headers }: ResponseHead): boolean => {
  if (upgrade !== granted) return false;
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at] === "upgrade") return headers[at + 1]!.toLowerCase() === granted;
  return false;
};

/** 100 Continue and its like: told on the way. */
export const interimResponse = (head: ResponseHead): string => forwardedResponse(head, head.headers, "kept");

/**
 * The caller's own, or a new one: by it the lines of all proxies on a way are found. Who comes from outside of the mesh
 * chooses none (Envoy's `preserve_external_request_id` is off in Istio).
 */
export const requestIdOf = (headers: HeaderLines, role: Site["role"]): string => {
  if (role !== "gateway")
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
