#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { buildCommand } from "./build.ts";
import { checkCommand } from "./check.ts";
import { diffCommand } from "./diff.ts";
import { exitCode } from "./exit-code.ts";
import { explainCommand } from "./explain.ts";
import { graphCommand } from "./graph.ts";
import { initCommand } from "./init.ts";
import { reportCommand } from "./report.ts";
import { runAgainIfTooOld } from "./supported-node.ts";

const packageFile = new URL(
  import.meta.url.endsWith(".ts") ? "../package.json" : "../../package.json",
  import.meta.url,
);
const { version, engines } = JSON.parse(readFileSync(packageFile, "utf8")) as {
  readonly version: string;
  readonly engines: { readonly node: string };
};

const exited = runAgainIfTooOld(engines.node);
if (exited !== undefined) process.exit(exited);

// Whoever reads the output may have read enough (`… | head`).
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : exitCode.internal));

const program = new Command("mesh-compile")
  .description("typed mesh policies in, the platform's own configuration out")
  .version(version)
  .addCommand(initCommand())
  .addCommand(graphCommand())
  .addCommand(checkCommand())
  .addCommand(buildCommand())
  .addCommand(explainCommand())
  .addCommand(diffCommand())
  .addCommand(reportCommand());

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(
    `mesh-compile: a bug of ours: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = exitCode.internal;
}
