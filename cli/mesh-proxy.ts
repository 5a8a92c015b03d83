#!/usr/bin/env node
import { servedAsWorker } from "../runtime/proxy/workers.ts";
import { exitCode } from "./exit-code.ts";
import { program } from "./program.ts";
import { runCommand } from "./proxy/run.ts";

const command = program("mesh-proxy", import.meta.url).description(
  "the data plane: carries out what mesh-compile makes of a mesh for one workload",
);
command.addCommand(runCommand(command.version() ?? ""));

try {
  // One of several processes of a proxy is told what to do by the first.
  if (!(await servedAsWorker())) await command.parseAsync();
} catch (error) {
  process.stderr.write(`mesh-proxy: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCode.errors;
}
