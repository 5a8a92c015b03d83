import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Limits } from "./sandbox/limits.ts";
import type { Outcome, Task } from "./sandbox/protocol.ts";
import type { Part } from "./sandbox/trace.ts";
import { watched } from "./sandbox/watch.ts";

/** A killed process leaves nothing but the module that it was in. */
export type Evaluated =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  | { readonly kind: "time" | "memory" | "size" | "crash"; readonly module: number; readonly signal: string };

/** What a bare Node with SES takes, beside the heap that is limited. */
const bareMegabytes = 256;

const require = createRequire(import.meta.url);
const ses = join(dirname(require.resolve("ses/package.json")), "dist", "ses.umd.min.js");
const sandboxFolder = fileURLToPath(new URL("./sandbox/", import.meta.url));
const child = join(sandboxFolder, `child${extname(import.meta.url)}`);

/**
 * Evaluates a program in a process of its own that may read nothing but its own code, has an empty environment in
 * UTC, and is killed when it goes beyond its limits. What comes back is text, parsed here.
 */
export const evaluate = (
  task: Task,
  limits: Limits,
  literals: readonly (readonly Part[])[] = [],
): Promise<Evaluated> => {
  const { promise, resolve, reject } = Promise.withResolvers<Evaluated>();
  const process_ = spawn(
    process.execPath,
    [
      "--permission",
      `--allow-fs-read=${sandboxFolder}*`,
      `--allow-fs-read=${ses}`,
      `--max-old-space-size=${String(limits.megabytes)}`,
      "--no-warnings",
      child,
    ],
    { env: { TZ: "UTC" }, stdio: ["pipe", "pipe", "pipe", "pipe"], cwd: tmpdir() },
  );
  const { breach } = watched(process_, { seconds: limits.seconds, megabytes: limits.megabytes + bareMegabytes });

  const largest = limits.resultMegabytes * 1e6 * 2;
  const output: Buffer[] = [];
  let size = 0;
  let tooLarge = false;
  process_.stdout.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size > largest) {
      tooLarge = true;
      process_.kill("SIGKILL");
    } else output.push(chunk);
  });
  let complaint = "";
  process_.stderr.on("data", (chunk: Buffer) => {
    complaint = (complaint + chunk.toString("utf8")).slice(0, 10_000);
  });
  let marks = "";
  process_.stdio[3]!.on("data", (chunk: Buffer) => {
    marks = (marks + chunk.toString("latin1")).slice(-100);
  });

  process_.once("error", reject);
  process_.once("close", (code, signal) => {
    const module = Number(marks.trimEnd().split("\n").at(-1) || "-1");
    const killed = breach();
    const died = { module, signal: signal ?? `exit code ${String(code)}` };
    if (tooLarge) resolve({ kind: "size", ...died });
    else if (killed !== undefined && module >= 0) resolve({ kind: killed, ...died });
    else if (code === 0) {
      resolve({ kind: "outcome", outcome: JSON.parse(Buffer.concat(output).toString("utf8")) as Outcome });
    } else if (module < 0) reject(new Error(`the sandbox did not start (${died.signal}): ${complaint}`));
    else resolve({ kind: outOfMemory.test(complaint) ? "memory" : "crash", ...died });
  });

  // The process may be killed while it reads.
  process_.stdin.on("error", () => undefined);
  process_.stdin.end(JSON.stringify({ ses, task, literals }));
  return promise;
};

/** V8's last words, and Node's. */
const outOfMemory = /heap out of memory|heap limit|Allocation failed|invalid table size|OOM error/i;
