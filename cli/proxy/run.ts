import { Command, Option } from "commander";
import { proxyAdmin } from "../../runtime/proxy/admin.ts";
import { workers } from "../../runtime/proxy/workers.ts";
import { addressAndPort, count, milliseconds, workloadId } from "../arguments.ts";
import { logLines } from "../log-lines.ts";
import { instanceNumber, toldBy } from "./told-by.ts";

interface RunOptions {
  readonly config?: string;
  readonly control?: ReturnType<typeof addressAndPort>;
  readonly identity?: string;
  readonly workload?: string;
  readonly instance: number;
  readonly admin: ReturnType<typeof addressAndPort>;
  readonly accessLog: string;
  readonly workers: number;
  readonly grace: number;
}

/** `mesh-proxy run`: until it is told to end. */
export const runCommand = (version: string): Command =>
  new Command("run")
    .description("carry the traffic of one workload; the configuration and the identity are taken anew as they change")
    .option(
      "--config <file>",
      "what `mesh-compile build --target native` wrote for the workload; with --control where what was told is kept, and read at the next start",
    )
    .addOption(
      new Option(
        "--control <address:port>",
        "the control plane that tells the configuration; needs --identity",
      ).argParser(addressAndPort),
    )
    .option("--identity <folder>", "what `mesh-control join --keep` keeps; without it no mTLS")
    .addOption(
      new Option(
        "--workload <namespace/name>",
        "whose proxy this is, with --control, where the identity folder does not say it",
      ).argParser(workloadId),
    )
    .addOption(
      new Option("--instance <number>", "which of the workload's instances in placement.yaml, with --control")
        .argParser(instanceNumber)
        .default(0),
    )
    .addOption(
      new Option("--admin <address:port>", "where probes and people ask")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_020 }, "127.0.0.1:15020"),
    )
    .option("--access-log <where>", "stdout, none, or a file that lines are appended to", "stdout")
    .addOption(new Option("--workers <number>", "processes that share the ports").argParser(count).default(1))
    .addOption(
      new Option("--grace <duration>", "how long exchanges have to end when the proxy does")
        .argParser(milliseconds)
        .default(5000, "5s"),
    )
    .action(async ({ config, control, identity, accessLog, workers: number, grace, ...options }: RunOptions) => {
      const { workload, instance, admin } = options;
      const source =
        control === undefined
          ? fromFile(config)
          : await toldBy({ control, config, identity, workload, instance, version, log: logLines });
      const running = await workers({
        config: source.config,
        waits: control !== undefined,
        identity,
        accessLog: accessLog === "stdout" || accessLog === "none" ? accessLog : { file: accessLog },
        workers: number,
        log: logLines,
      });
      const followed = source.followed?.(running);
      let isDraining = false;
      const watching = await proxyAdmin(running, admin, () => isDraining, followed?.status).catch(
        async (error: unknown) => {
          // Nobody could see what goes on, nor whether it does.
          await followed?.close();
          await running.close(0);
          throw error;
        },
      );
      logLines({ level: "info", event: "serving", workers: number, admin: watching.port });
      const asked = await new Promise<string>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve(signal));
      });
      logLines({ level: "info", event: "ending", signal: asked, graceMs: grace });
      // Whoever is impatient asks twice.
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
      isDraining = true;
      await followed?.close();
      await running.close(grace);
      await watching.close();
    });

const fromFile = (config: string | undefined): { readonly config: string; readonly followed?: undefined } => {
  if (config === undefined) throw new Error("say where the configuration comes from: --control or --config");
  return { config };
};
