import type { IncomingHttpHeaders } from "node:http";
import { foreign } from "../../../runtime/own-page.ts";

export interface Asking {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Refusal {
  readonly status: number;
  readonly says: string;
  readonly allow?: string;
}

const methods: Readonly<Record<string, string>> = { "/": "GET", "/events": "GET", "/try": "POST" };

/** Why a request is not one of the page's own, which has one name. */
export const refusal = ({ method, path, headers }: Asking, authority: string): Refusal | undefined => {
  // Browsers say by themselves who asks: a page may be linked to from anywhere, its events and its requests may not.
  const refused = foreign(headers, { called: { only: authority }, sites: path === "/" ? "any" : ["same-origin"] });
  if (refused !== undefined) return refused;
  const allowed = Object.hasOwn(methods, path) ? methods[path] : undefined;
  if (allowed === undefined) return { status: 404, says: "nothing is here" };
  if (method !== allowed) return { status: 405, says: `${allowed} only`, allow: allowed };
  if (method !== "POST") return undefined;
  if (headers.origin === undefined) return { status: 403, says: "a request to be tried says its Origin" };
  // No form of another page can say this.
  return headers["content-type"] === "application/json" ? undefined : { status: 415, says: "application/json only" };
};
