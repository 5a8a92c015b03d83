import { readSync, writeSync } from "node:fs";
import { evaluation, library } from "./evaluation.ts";
import type { SentModule, Settings } from "./protocol.ts";
import { realm } from "./realm.ts";
import { trace } from "./trace.ts";

/**
 * The program of the process in which policies are evaluated: settings and modules on standard input, marks on
 * descriptor 3, one outcome on standard output. Everything is synchronous, so that nothing a policy leaves behind
 * ever runs.
 */
function* lines(): Generator<string> {
  const chunk = Buffer.alloc(1 << 16);
  let parts: Buffer[] = [];
  for (;;) {
    const length = readSync(0, chunk);
    if (length === 0) return;
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1 && end < length; end = chunk.indexOf(10, start)) {
      parts.push(chunk.subarray(start, end));
      yield Buffer.concat(parts).toString("utf8");
      parts = [];
      start = end + 1;
    }
    parts.push(Buffer.from(chunk.subarray(start, length)));
  }
}

const input = lines();

function* modules(): Generator<SentModule> {
  for (const line of input) yield JSON.parse(line) as SentModule;
}

// Started ahead of its task, it is locked down ahead of it too: errors show no stacks then.
const [ahead] = process.argv.slice(2);
const lockedAhead = ahead === undefined ? undefined : realm({ ses: ahead, stacks: false });

const first = input.next();
// Started ahead, and there was nothing to do.
if (first.done === true) process.exit(0);
const settings = JSON.parse(first.value) as Settings;
const told = library(settings.environment);
const { ses, locate } = settings;
const world = lockedAhead ?? realm({ ses, stacks: locate !== undefined });
world.freeze(told.value);
const tracing = locate && trace(locate.literals);
if (tracing !== undefined) world.freeze(tracing.functions);

/** Values go out in larger pieces: a system call for each would cost more than to make it. */
const piece = 1 << 16;
let pending: string[] = [];
let length = 0;
const flush = (): void => {
  let rest = Buffer.from(pending.join(""));
  pending = [];
  length = 0;
  while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
};
const say = (line: string): void => {
  pending.push(line, "\n");
  length += line.length;
  if (length > piece) flush();
};

const mark = (module: number): void => {
  writeSync(3, `${String(module)}\n`);
};
say(JSON.stringify(evaluation(settings, modules(), world, told, { mark, value: say }, tracing)));
flush();
process.exit(0);
