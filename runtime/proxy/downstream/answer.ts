import type { HeaderEdits } from "../../../lib/model/route.ts";
import { edited } from "../rules/header-edits.ts";
import type { Reason } from "./site.ts";

const phrases: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  410: "Gone",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

const words: Readonly<Record<Reason, string>> = {
  "direct-response": "",
  denied: "access denied\n",
  "not-allowed": "access denied\n",
  "unknown-host": "no such host in the mesh\n",
  "no-route": "no route\n",
  "no-workload": "no healthy upstream\n",
  malformed: "malformed request\n",
  overflow: "too many connections\n",
  "connect-failure": "upstream connect failure\n",
  "connect-timeout": "upstream connect timeout\n",
  reset: "upstream reset before headers\n",
  "malformed-response": "malformed response from upstream\n",
  timeout: "upstream request timeout\n",
};

/**
 * A whole answer of the proxy's own, with what its route does to responses if it has one; without its body for HEAD. A route
 * may say of what type the body is; a body is never without one (Envoy, `Utility::prepareLocalReply`).
 */
export const answerBytes = (
  status: number,
  reason: Reason,
  {
    keepsAlive,
    method,
    edits,
    body = words[reason],
  }: {
    readonly keepsAlive: boolean;
    readonly method: string;
    readonly edits?: HeaderEdits | undefined;
    readonly body?: string | undefined;
  },
): Buffer => {
  const content = Buffer.from(body);
  const lines: string[] = edits === undefined ? [] : [...edited([], edits)];
  if (content.length > 0 && !lines.some((name, at) => at % 2 === 0 && name === "content-type"))
    lines.push("content-type", "text/plain");
  // These have no content, and so no length (RFC 9110, section 8.6).
  if (status !== 204 && status !== 304) lines.push("content-length", String(content.length));
  if (!keepsAlive) lines.push("connection", "close");
  const fields = lines.reduce((text, line, at) => text + line + (at % 2 === 0 ? ": " : "\r\n"), "");
  const head = Buffer.from(`HTTP/1.1 ${status} ${phrases[status] ?? ""}\r\n${fields}\r\n`, "latin1");
  return method === "HEAD" ? head : Buffer.concat([head, content]);
};
