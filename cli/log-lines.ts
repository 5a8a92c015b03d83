import type { Log } from "../runtime/log/log.ts";

/** One line of JSON on standard output for each thing that happens, with when it did. */
export const logLines: Log = (entry) =>
  void process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
