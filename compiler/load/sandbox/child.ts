import { readFileSync, writeSync } from "node:fs";
import { evaluation, library } from "./evaluation.ts";
import type { Task } from "./protocol.ts";
import { realm } from "./realm.ts";
import { trace, type Part } from "./trace.ts";

/**
 * The program of the process in which policies are evaluated: a task on standard input, marks on descriptor 3, one
 * outcome on standard output. Everything is synchronous, so that nothing a policy leaves behind ever runs.
 */
const { ses, task, literals } = JSON.parse(readFileSync(0, "utf8")) as {
  readonly ses: string;
  readonly task: Task;
  readonly literals: readonly (readonly Part[])[];
};

const told = library(task.environment);
const locating = task.locate !== undefined;
const world = realm({ ses, stacks: locating, library: told.value });
const tracing = locating ? trace(literals) : undefined;
if (tracing !== undefined) world.freeze(tracing.functions);

const outcome = evaluation(task, world, told, (module) => writeSync(3, `${String(module)}\n`), tracing);

let rest = Buffer.from(outcome);
while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
process.exit(0);
