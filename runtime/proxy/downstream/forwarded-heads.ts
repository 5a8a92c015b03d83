import { randomBytes, randomUUID } from "node:crypto";
import type { HeaderLines, RequestHead, ResponseHead } from "../http1/head.ts";
import { endToEnd } from "../http1/hop-by-hop.ts";
import { writtenRequest, writtenResponse } from "../http1/written-head.ts";
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

/** A request's head as it goes to an endpoint. */
export const forwardedRequest = (
  { method, target, host, headers, upgrade }: RequestHead,
  { role, peer, identity, requestId }: Sender,
): string => {
  const mine = own[role];
  const lines = ["host", host];
  let [hasTrace, hasRequestId] = [false, false];
  const kept = endToEnd(headers);
  for (let at = 0; at < kept.length; at += 2) {
    const name = kept[at]!;
    if (mine.has(name)) continue;
    if (name === "traceparent") hasTrace = true;
    else if (name === "x-request-id") hasRequestId = true;
    lines.push(name, kept[at + 1]!);
  }
  if (upgrade !== undefined) lines.push("connection", "upgrade", "upgrade", upgrade);
  if (!hasRequestId) lines.push("x-request-id", requestId);
  if (!hasTrace) lines.push("traceparent", newTrace());
  if (role === "gateway") lines.push("x-forwarded-for", peer.address, "x-forwarded-proto", "http");
  if (role === "inbound" && peer.identity !== undefined)
    lines.push("x-forwarded-client-cert", `By=${identity};URI=${peer.identity}`);
  return writtenRequest(method, target, lines);
};

/** A response's head as it goes to the caller. */
export const forwardedResponse = (
  { status, reason, headers }: ResponseHead,
  { keepsAlive, upgrade }: { readonly keepsAlive: boolean; readonly upgrade?: string },
): string => {
  const lines = endToEnd(headers);
  if (upgrade !== undefined) lines.push("connection", "upgrade", "upgrade", upgrade);
  else if (!keepsAlive) lines.push("connection", "close");
  return writtenResponse(status, reason, lines);
};

/** 100 Continue and its like: told on the way. */
export const interimResponse = (head: ResponseHead): string => forwardedResponse(head, { keepsAlive: true });

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
