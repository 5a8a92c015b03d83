/** istiod's steps between an event and a proxy's ACK, in the order in which a change goes through them (pilot/pkg/xds). */
const steps = {
  "waiting for quiet": "pilot_debounce_time",
  "making its index (push context)": "pilot_pushcontext_init_seconds",
  "a proxy's wait for its turn": "pilot_proxy_queue_time",
  "making and sending one type for one proxy": "pilot_xds_push_time",
  "event to sent, by proxy": "pilot_proxy_convergence_time",
} as const;

/** Mean milliseconds of each step between two readings of istiod's metrics, and how often it was taken. */
export const istiodSteps = (before: string, after: string): readonly string[] =>
  Object.entries(steps).map(([step, metric]) => {
    const grown = (part: string): number => total(after, `${metric}_${part}`) - total(before, `${metric}_${part}`);
    return `    ${step.padEnd(44)} ${((grown("sum") / grown("count")) * 1000).toFixed(2)} ms × ${grown("count")}`;
  });

/** Over all labels. */
const total = (text: string, name: string): number =>
  text
    .split("\n")
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
