import type { Log } from "./log.ts";

/** As many lines as somebody can read: whoever fails to connect 2,000 times must not fill a disk. The next line says how many were left out. */
export const sparingLog = (
  log: Log,
  { perSecond = 5, burst = 50 } = {},
  now = (): number => performance.now(),
): Log => {
  let left = burst;
  let at = now();
  let omitted = 0;
  return (entry) => {
    left = Math.min(burst, left + ((now() - at) / 1000) * perSecond);
    at = now();
    if (left < 1) {
      omitted += 1;
      return;
    }
    left -= 1;
    log(omitted === 0 ? entry : { ...entry, omitted });
    omitted = 0;
  };
};
