import { mkdir } from "node:fs/promises";
import { Command, Option } from "commander";
import { meshOption, stateOption, tokenLife, workloadId } from "../arguments.ts";
import { knownWorkload, stateFolders, type StateOptions } from "./state.ts";

/** `mesh-control token`: prints a token with which one machine joins once as one workload. */
export const tokenCommand = (): Command =>
  new Command("token")
    .description("make a token with which a machine joins as a workload, once")
    .argument("<workload>", "NAMESPACE/NAME, as the graph has it", workloadId)
    .addOption(meshOption())
    .addOption(stateOption())
    .addOption(new Option("--ttl <duration>", "how long it is good").argParser(tokenLife).default(600_000, "10m"))
    .action(async (workload: string, options: StateOptions & { readonly ttl: number }) => {
      const { joinTokens } = await import("../../runtime/control/identity/index.ts");
      const { identity } = await knownWorkload(options.mesh, workload);
      const { tokens } = stateFolders(options);
      await mkdir(tokens, { recursive: true, mode: 0o700 });
      process.stdout.write(
        `${await joinTokens({ folder: tokens }).created({ workload, identity, ttlMs: options.ttl })}\n`,
      );
    });
