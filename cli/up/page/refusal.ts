import type { IncomingHttpHeaders } from "node:http";

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

/**
 * Why a request is not one of the page's own. Loopback keeps other machines out; the rest keeps out other pages in the
 * browser of whoever runs the mesh, which reach loopback as well: by a name of theirs that resolves to it (DNS rebinding),
 * or by simply asking.
 */
export const refusal = ({ method, path, headers }: Asking, authority: string): Refusal | undefined => {
  if (headers.host !== authority) return { status: 421, says: `this is ${authority}, by no other name` };
  const allowed = Object.hasOwn(methods, path) ? methods[path] : undefined;
  if (allowed === undefined) return { status: 404, says: "nothing is here" };
  if (method !== allowed) return { status: 405, says: `${allowed} only`, allow: allowed };
  if (headers.origin !== undefined && headers.origin !== `http://${authority}`) return foreign;
  // Browsers say by themselves who asks: a page may be linked to from anywhere, its events and its requests may not.
  const site = headers["sec-fetch-site"];
  if (path !== "/" && site !== undefined && site !== "same-origin") return foreign;
  if (method !== "POST") return undefined;
  if (headers.origin === undefined) return { status: 403, says: "a request to be tried says its Origin" };
  // No form of another page can say this.
  return headers["content-type"] === "application/json" ? undefined : { status: 415, says: "application/json only" };
};

const foreign: Refusal = { status: 403, says: "another page asks" };
