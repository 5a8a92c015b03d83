/**
 * How long a server wants to be left alone, in milliseconds (RFC 9110, section 10.2.3): in seconds or as a date, which counts
 * from the server's own clock where it tells it. Without one, GitHub's `x-ratelimit-reset` where nothing remains.
 */
export const retryAfterMs = (
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  now: number = Date.now(),
): number | undefined => {
  const clock = dateOf(headers["date"]) ?? now;
  const written = headers["retry-after"];
  if (typeof written === "string") {
    if (/^\s*\d{1,9}\s*$/.test(written)) return Number(written) * 1000;
    const date = dateOf(written);
    if (date !== undefined) return Math.max(0, date - clock);
  }
  const reset = headers["x-ratelimit-reset"];
  if (headers["x-ratelimit-remaining"] === "0" && typeof reset === "string" && /^\d{1,12}$/.test(reset))
    return Math.max(0, Number(reset) * 1000 - clock);
  return undefined;
};

const dateOf = (written: unknown): number | undefined => {
  const date = typeof written === "string" && /[A-Za-z]/.test(written) ? Date.parse(written) : Number.NaN;
  return Number.isNaN(date) ? undefined : date;
};
