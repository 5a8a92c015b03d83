import { Command, Option } from "commander";
import { exitCode } from "../exit-code.ts";
import { addressAndPort, lifetime, meshOption, milliseconds, rootsSecretOption, stateOption } from "../arguments.ts";
import { logLines } from "../log-lines.ts";
import { started, type PlaneOptions } from "./plane.ts";

interface ServeOptions extends PlaneOptions {
  readonly grace: number;
}

/** `mesh-control serve`: until it is told to end. */
export const serveCommand = (): Command =>
  new Command("serve")
    .description("compile a mesh folder whenever it changes, and serve what each proxy needs of it")
    .addOption(meshOption())
    .option("--env <environment>", "compile for one of the environments that mesh.config.ts declares")
    .option("--no-types", "leave out the type check, where somebody else makes it before a change gets here")
    .addOption(stateOption())
    .addOption(rootsSecretOption())
    .addOption(
      new Option("--listen <address:port>", "where proxies find it")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_012 }, "127.0.0.1:15012"),
    )
    .addOption(
      new Option("--join <address:port>", "where machines get their identity")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_013 }, "127.0.0.1:15013"),
    )
    .addOption(
      new Option("--admin <address:port>", "where people and probes ask; shows every configuration")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_014 }, "127.0.0.1:15014"),
    )
    .option("--name <name...>", "DNS names and addresses under which proxies and machines find it", [
      "localhost",
      "127.0.0.1",
    ])
    .addOption(
      new Option("--lifetime <duration>", "how long certificates live").argParser(lifetime).default(86_400_000, "24h"),
    )
    .addOption(
      new Option("--grace <duration>", "how long clients have to go elsewhere when it ends")
        .argParser(milliseconds)
        .default(5000, "5s"),
    )
    .addOption(
      new Option(
        "--drain <duration>",
        "how long clusters stay for connections that replaced listeners still drain: Envoy's --drain-time-s, or nothing",
      )
        .argParser(milliseconds)
        .default(0, "0s"),
    )
    .addOption(
      new Option("--access-log <where>", "where proxies write what they served")
        .choices(["stdout", "none"])
        .default("stdout"),
    )
    .option("--kubernetes", "accept projected service account tokens, reviewed by the cluster that this runs in")
    .action(async (options: ServeOptions) => {
      const plane = await started(options, logLines).catch((error: unknown) => {
        process.stderr.write(`mesh-control: ${error instanceof Error ? error.message : String(error)}\n`);
        // Whatever cannot be closed any more must not keep half a control plane alive.
        process.exit(exitCode.errors);
      });
      const asked = await new Promise<string>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve(signal));
      });
      logLines({ level: "info", event: "ending", signal: asked, graceMs: options.grace });
      // Whoever is impatient asks twice.
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
      await plane.close(options.grace);
    });
