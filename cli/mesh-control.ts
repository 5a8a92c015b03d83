#!/usr/bin/env node
import { bootstrapCommand } from "./control/bootstrap.ts";
import { joinCommand } from "./control/join.ts";
import { rootCommand } from "./control/root.ts";
import { serveCommand } from "./control/serve.ts";
import { statusCommand } from "./control/status.ts";
import { tokenCommand } from "./control/token.ts";
import { exitCode } from "./exit-code.ts";
import { program } from "./program.ts";

const command = program("mesh-control", import.meta.url)
  .description("the control plane for Envoys without Istio: configuration over xDS, identities over SDS")
  .addCommand(serveCommand())
  .addCommand(statusCommand())
  .addCommand(tokenCommand())
  .addCommand(joinCommand())
  .addCommand(bootstrapCommand())
  .addCommand(rootCommand());

try {
  await command.parseAsync();
} catch (error) {
  // What goes wrong here is a port in use, a folder that cannot be read, a server that does not answer.
  process.stderr.write(`mesh-control: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCode.errors;
}
