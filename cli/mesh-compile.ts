#!/usr/bin/env node
import { buildCommand } from "./build.ts";
import { checkCommand } from "./check.ts";
import { diffCommand } from "./diff.ts";
import { exitCode } from "./exit-code.ts";
import { explainCommand } from "./explain.ts";
import { graphCommand } from "./graph.ts";
import { initCommand } from "./init.ts";
import { reportCommand } from "./report.ts";
import { program } from "./program.ts";
import { upCommand } from "./up.ts";

// Whoever reads the output may have read enough (`… | head`).
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : exitCode.internal));

const command = program("mesh-compile", import.meta.url)
  .description("typed mesh policies in, the platform's own configuration out")
  .addCommand(initCommand())
  .addCommand(graphCommand())
  .addCommand(checkCommand())
  .addCommand(buildCommand())
  .addCommand(explainCommand())
  .addCommand(diffCommand())
  .addCommand(reportCommand())
  .addCommand(upCommand());

try {
  await command.parseAsync();
} catch (error) {
  process.stderr.write(
    `mesh-compile: a bug of ours: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = exitCode.internal;
}
