import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";

/** What a server that people and probes ask is called by, and whose pages may ask it. */
export interface OwnPage {
  /**
   * `only`: this name and port. `also`: names and addresses without their ports, beside loopback's own, which it always has; the
   * address at which a request arrived belongs there.
   */
  readonly called: { readonly only: string } | { readonly also: readonly (string | undefined)[] };
  /** What browsers say of who asks (`sec-fetch-site`), as far as they say it. */
  readonly sites: "any" | readonly ("same-origin" | "none")[];
}

export interface Foreign {
  readonly status: 403 | 421;
  readonly says: string;
}

/**
 * Why a request is not answered. Other machines are kept out by the address; this keeps out other pages in the browser of
 * somebody who reaches it: by a name of theirs that leads here (DNS rebinding), or by simply asking.
 */
export const foreign = (
  { host, origin, "sec-fetch-site": site }: Pick<IncomingHttpHeaders, "host" | "origin" | "sec-fetch-site">,
  { called, sites }: OwnPage,
): Foreign | undefined => {
  if ("only" in called) {
    if (host !== called.only) return { status: 421, says: `this is ${called.only}, by no other name` };
  } else if (host !== undefined && !isOwn(nameIn(host), called.also))
    return { status: 421, says: "this is called by its address" };
  if (origin !== undefined && origin !== `http://${host}`) return anotherPage;
  const isWelcome = site === undefined || sites === "any" || sites.some((one) => one === site);
  return isWelcome ? undefined : anotherPage;
};

const anotherPage: Foreign = { status: 403, says: "another page asks" };

const isOwn = (name: string, also: readonly (string | undefined)[]): boolean =>
  name === "localhost" || isLoopback(name) || also.some((own) => own !== undefined && plain(own) === name);

/** As hosts are written: an IPv4 caller of an IPv6 socket dialled the IPv4 address. */
const plain = (own: string): string => own.toLowerCase().replace(/^::ffff:(?=[\d.]+$)/, "");

/** Without its port and brackets. */
const nameIn = (host: string): string =>
  (host.startsWith("[") ? host.slice(1, Math.max(host.indexOf("]"), 1)) : (host.split(":", 1)[0] ?? "")).toLowerCase();

const isLoopback = (name: string): boolean => name === "::1" || (isIP(name) === 4 && name.startsWith("127."));
