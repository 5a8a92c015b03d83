#!/usr/bin/env node
import { exitCode } from "./exit-code.ts";
import { program } from "./program.ts";
import { planCommand } from "./sync/plan.ts";
import { runCommand } from "./sync/run.ts";

const command = program("mesh-sync", import.meta.url).description(
  "GitOps: a commit becomes a cluster's configuration, in an order that drops no traffic",
);
const version = command.version() ?? "";
command.addCommand(runCommand(version)).addCommand(planCommand(version));

try {
  await command.parseAsync();
} catch (error) {
  process.stderr.write(`mesh-sync: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCode.errors;
}
