import { Command, Option } from "commander";
import { readSnapshot } from "../../compiler/snapshot/read-snapshot.ts";
import { exitCode } from "../exit-code.ts";
import { meshOption, milliseconds, stateOption } from "./arguments.ts";
import { stateFolders, type StateOptions } from "./state.ts";

interface RootOptions extends StateOptions {
  readonly after?: number;
  readonly lifetime: number;
}

const steps = {
  add: "make a new root and tell everybody of it; the old one goes on signing",
  switch: "sign with the new root; both are trusted",
  retire: "trust the new root alone",
} as const;

/** `mesh-control root`: exchanges the root of trust in three steps, none of which breaks a connection. */
export const rootCommand = (): Command => {
  const command = new Command("root").description("exchange the root of trust, step by step");
  for (const step of ["add", "switch", "retire"] as const)
    command.addCommand(
      new Command(step)
        .description(steps[step])
        .addOption(meshOption())
        .addOption(stateOption())
        .addOption(
          new Option(
            "--after <duration>",
            "how long the step before must be past (default: the life of a certificate)",
          ).argParser(milliseconds),
        )
        .addOption(
          new Option("--lifetime <duration>", "how long certificates live, as `serve` has it")
            .argParser(milliseconds)
            .default(86_400_000, "24h"),
        )
        .action(async (options: RootOptions) => {
          const identity = await import("../../runtime/control/identity/index.ts");
          const { value, diagnostics } = await readSnapshot(options.mesh);
          if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
          const authority = await identity.authority({
            store: identity.keyFolder(stateFolders(options).keys),
            trustDomain: value.platform.trustDomain,
            lifetimeMs: options.lifetime,
          });
          const answer = await authority.rotated(step, options.after === undefined ? {} : { afterMs: options.after });
          authority.close();
          if (answer.kind === "refused") {
            process.stderr.write(`mesh-control: ${answer.reason}\n`);
            process.exitCode = exitCode.refused;
            return;
          }
          process.stdout.write(`the roots are ${answer.phase}\n`);
        }),
    );
  return command;
};
