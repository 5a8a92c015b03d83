#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { bootstrapCommand } from "./control/bootstrap.ts";
import { joinCommand } from "./control/join.ts";
import { rootCommand } from "./control/root.ts";
import { serveCommand } from "./control/serve.ts";
import { statusCommand } from "./control/status.ts";
import { tokenCommand } from "./control/token.ts";
import { exitCode } from "./exit-code.ts";
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

const program = new Command("mesh-control")
  .description("the control plane for Envoys without Istio: configuration over xDS, identities over SDS")
  .version(version)
  .addCommand(serveCommand())
  .addCommand(statusCommand())
  .addCommand(tokenCommand())
  .addCommand(joinCommand())
  .addCommand(bootstrapCommand())
  .addCommand(rootCommand());

try {
  await program.parseAsync();
} catch (error) {
  // What goes wrong here is a port in use, a folder that cannot be read, a server that does not answer.
  process.stderr.write(`mesh-control: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = exitCode.errors;
}
