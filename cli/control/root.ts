import { Command, Option } from "commander";
import { readSnapshot } from "../../compiler/snapshot/read-snapshot.ts";
import { exitCode } from "../exit-code.ts";
import { lifetime, meshOption, milliseconds, rootsSecretOption, stateOption } from "../arguments.ts";
import { longestLifetime } from "./lifetimes.ts";
import { rootsStore, stateFolders, type StateOptions } from "./state.ts";

interface RootOptions extends StateOptions {
  readonly after?: number;
  readonly lifetime?: number;
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
        .addOption(rootsSecretOption())
        .addOption(
          new Option(
            "--after <duration>",
            "how long the step before must be past (default: the life of a certificate)",
          ).argParser(milliseconds),
        )
        .addOption(
          new Option(
            "--lifetime <duration>",
            "how long certificates live (default: as `serve` wrote into the state folder)",
          ).argParser(lifetime),
        )
        .action(async (options: RootOptions) => {
          const identity = await import("../../runtime/control/identity/index.ts");
          const { value, diagnostics } = await readSnapshot(options.mesh);
          if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
          const lifetimeMs = options.lifetime ?? (await longestLifetime(stateFolders(options).lifetimes));
          // To guess would be to cut off whoever has a certificate for longer; the first step waits for nobody.
          if (lifetimeMs === undefined && options.after === undefined && step !== "add")
            throw new Error(
              "no `serve` has said in this state folder how long certificates live: say --lifetime as it has it",
            );
          const authority = await identity.authority({
            store: await rootsStore(options),
            trustDomain: value.platform.trustDomain,
            ...(lifetimeMs !== undefined && { lifetimeMs }),
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
