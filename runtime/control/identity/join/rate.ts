import { networkOf } from "../../network-of.ts";

/** Whether one more attempt from an address is allowed now; one that is `uncounted` is only asked about. */
export type Rate = (address: string, counting?: "counted" | "uncounted") => boolean;

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
