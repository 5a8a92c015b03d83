import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";

/** How long what the system said of its addresses is believed, where a caller is not among them. */
const believedMs = 1000;

let own: ReadonlySet<string> = new Set();
let askedAt = -Infinity;

/**
 * Whether a caller is on this machine, as a proxy's own application is. Nobody elsewhere can be taken for one: answers to
 * an address of this machine never leave it.
 */
export const isOnThisMachine = ({
  remoteAddress = "",
  localAddress,
}: Pick<Socket, "remoteAddress" | "localAddress">): boolean => {
  // Captured connections may come from the very address that they go to.
  if (remoteAddress === localAddress || isLoopback(remoteAddress) || own.has(remoteAddress)) return true;
  const now = performance.now();
  if (now - askedAt < believedMs) return false;
  askedAt = now;
  own = new Set(Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)));
  return own.has(remoteAddress);
};

const isLoopback = (address: string): boolean => address.startsWith("127.") || address === "::1";
