/** Whether one more attempt of somebody is allowed now; one that is `uncounted` is only asked about. */
export type Rate = (who: string, counting?: "counted" | "uncounted") => boolean;

/**
 * A token bucket for each: `burst` at once, then `perMinute`. The number of buckets is bounded; when it is reached, the one that
 * was quiet for longest is forgotten, and whoever floods from many addresses still meets the server's own limits.
 */
export const rate = (
  { perMinute = 30, burst = 10, most = 10_000 } = {},
  now: () => number = () => performance.now(),
): Rate => {
  const buckets = new Map<string, { readonly left: number; readonly at: number }>();
  return (who, counting = "counted") => {
    const { left, at } = buckets.get(who) ?? { left: burst, at: now() };
    const refilled = Math.min(burst, left + ((now() - at) / 60_000) * perMinute);
    if (counting === "uncounted") return refilled >= 1;
    buckets.delete(who);
    if (buckets.size >= most) buckets.delete(buckets.keys().next().value ?? "");
    buckets.set(who, { left: refilled >= 1 ? refilled - 1 : refilled, at: now() });
    return refilled >= 1;
  };
};
