/** How often something took how long, or was how large. */
export interface Histogram {
  /** By upper bound, rising: each counts all that took no longer. */
  readonly buckets: readonly (readonly [atMost: number, count: number])[];
  readonly sum: number;
  readonly count: number;
}

/** From a local network's round trip to a proxy that drains for minutes. */
const bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export const histogram = (): { readonly took: (seconds: number) => void; readonly read: () => Histogram } => {
  const counts = bounds.map(() => 0);
  let [sum, count] = [0, 0];
  return {
    took: (seconds) => {
      sum += seconds;
      count += 1;
      bounds.forEach((bound, index) => {
        if (seconds <= bound) counts[index] = (counts[index] ?? 0) + 1;
      });
    },
    read: () => ({ buckets: bounds.map((bound, index) => [bound, counts[index] ?? 0]), sum, count }),
  };
};
