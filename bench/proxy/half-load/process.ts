/** The child process of `half-load.ts`: asks at a constant rate, whether or not what was asked before is answered. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { connections, type Asked, type Latencies, type Said } from "./messages.ts";
import { requester, type Requester } from "./requester.ts";

const say = (said: Said): void => void process.send?.(said);

/** Not counted: connections are new, and code is not yet compiled. */
const warmUpMs = 1000;

const measured = async (
  { port, request, perSecond, seconds }: Asked,
  failed: (why: string) => void,
): Promise<Latencies> => {
  const all = await Promise.all(Array.from({ length: connections }, () => requester(port, request, failed)));
  const free: Requester[] = [...all];
  const everyMs = 1000 / perSecond;
  const count = Math.round(((warmUpMs + seconds * 1000) * perSecond) / 1000);
  const waiting: number[] = [];
  const latencies: number[] = [];
  const own: number[] = [];
  let [scheduled, answered] = [0, 0];

  const metronome = new Worker(join(import.meta.dirname, "metronome.ts"), { workerData: everyMs });
  await new Promise<void>((resolve) => {
    let start = 0;
    const sent = (dueAt: number, by: Requester): void =>
      by.ask(() => {
        if (dueAt - start >= warmUpMs) latencies.push(performance.now() - dueAt);
        answered += 1;
        // Whoever waits for a connection waits for the proxy: that counts, too.
        const next = waiting.shift();
        if (next === undefined) free.push(by);
        else sent(next, by);
        if (answered === count) resolve();
      });
    metronome.on("message", () => {
      const now = performance.now();
      if (start === 0) start = now;
      for (let dueAt = start + scheduled * everyMs; dueAt <= now && scheduled < count; dueAt += everyMs) {
        scheduled += 1;
        const by = free.shift();
        if (by === undefined) waiting.push(dueAt);
        else {
          if (dueAt - start >= warmUpMs) own.push(now - dueAt);
          sent(dueAt, by);
        }
      }
    });
  });
  await metronome.terminate();
  for (const { close } of all) close();
  return {
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    ownP50: quantile(own, 0.5),
    ownP99: quantile(own, 0.99),
    requests: latencies.length,
  };
};

const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? Number.NaN;

process.on("message", (asked: Asked) => {
  const failed = (why: string): void => say({ kind: "failed", why });
  measured(asked, failed).then(
    (latencies) => say({ kind: "measured", latencies }),
    (error: unknown) => failed(String(error)),
  );
});
process.on("disconnect", () => process.exit(0));
