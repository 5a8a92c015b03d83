/** A thread that says when the next request is due, until it is ended: Node's own timers know whole milliseconds only. */
import { parentPort, workerData } from "node:worker_threads";

const everyMs = workerData as number;
const never = new Int32Array(new SharedArrayBuffer(4));
const start = performance.now();
for (let beat = 0; ; beat += 1) {
  const left = start + beat * everyMs - performance.now();
  if (left > 0) Atomics.wait(never, 0, 0, left);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
  parentPort?.postMessage(beat);
}
