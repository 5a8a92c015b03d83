import { isIPv6 } from "node:net";

/** Whether one more attempt from an address is allowed now; one that is `uncounted` is only asked about. */
export type Rate = (address: string, counting?: "counted" | "uncounted") => boolean;

/** Who has an IPv6 address has all of its /64: counting each would limit nobody. IPv4 is the same in its mapped form. */
export const networkOf = (address: string): string => {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*$/, "");
  if (!isIPv6(plain)) return plain;
  const [before = "", after] = plain.split("::");
  const head = before === "" ? [] : before.split(":");
  const tail = after === undefined || after === "" ? [] : after.split(":");
  const groups =
    after === undefined
      ? head
      : [...head, ...Array<string>(Math.max(0, 8 - head.length - tail.length)).fill("0"), ...tail];
  return groups
    .slice(0, 4)
    .map((group) => group.toLowerCase().replace(/^0+(?=.)/, ""))
    .join(":");
};

/**
 * A token bucket per network: `burst` at once, then `perMinute`. The number of networks is bounded; when it is reached, the
 * one that was quiet for longest is forgotten, and whoever floods from many addresses still meets the server's own limits.
 */
export const rate = (
  { perMinute = 30, burst = 10, networks = 10_000 } = {},
  now: () => number = () => performance.now(),
): Rate => {
  const buckets = new Map<string, { readonly left: number; readonly at: number }>();
  return (address, counting = "counted") => {
    const network = networkOf(address);
    const { left, at } = buckets.get(network) ?? { left: burst, at: now() };
    const refilled = Math.min(burst, left + ((now() - at) / 60_000) * perMinute);
    if (counting === "uncounted") return refilled >= 1;
    buckets.delete(network);
    if (buckets.size >= networks) buckets.delete(buckets.keys().next().value ?? "");
    buckets.set(network, { left: refilled >= 1 ? refilled - 1 : refilled, at: now() });
    return refilled >= 1;
  };
};
