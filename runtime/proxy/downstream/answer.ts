import type { HeaderEdits } from "../../../lib/model/route.ts";
import { edited } from "../rules/header-edits.ts";
import type { Reason } from "./site.ts";

const phrases: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

const words: Readonly<Record<Reason, string>> = {
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

/** A whole answer of the proxy's own, with what its route does to responses if it has one; without its body for HEAD. */
export const answerText = (
  status: number,
  reason: Reason,
  {
    keepsAlive,
    method,
    edits,
  }: { readonly keepsAlive: boolean; readonly method: string; readonly edits?: HeaderEdits | undefined },
): string => {
  const body = words[reason];
  const connection = keepsAlive ? "" : "connection: close\r\n";
  const type = ["content-type", "text/plain"];
  const lines = edits === undefined ? type : edited(type, edits);
  const headers = lines.reduce((text, line, at) => text + line + (at % 2 === 0 ? ": " : "\r\n"), "");
  const head = `HTTP/1.1 ${status} ${phrases[status] ?? ""}\r\n${headers}content-length: ${body.length}\r\n${connection}\r\n`;
  return method === "HEAD" ? head : head + body;
};
