import { Command, Option } from "commander";
import { proxyAdmin } from "../../runtime/proxy/admin.ts";
import { workers } from "../../runtime/proxy/workers.ts";
import { addressAndPort, count, milliseconds } from "../arguments.ts";
import { logLines } from "../log-lines.ts";

interface RunOptions {
  readonly config: string;
  readonly identity?: string;
  readonly admin: ReturnType<typeof addressAndPort>;
  readonly accessLog: string;
  readonly workers: number;
  readonly grace: number;
}

/** `mesh-proxy run`: until it is told to end. */
export const runCommand = (): Command =>
  new Command("run")
    .description("carry the traffic of one workload; the configuration and the identity are taken anew as they change")
    .requiredOption("--config <file>", "what `mesh-compile build --target native` wrote for the workload")
    .option("--identity <folder>", "what `mesh-control join --keep` keeps; without it no mTLS")
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
    .action(async ({ config, identity, admin, accessLog, workers: number, grace }: RunOptions) => {
      const running = await workers({
        config,
        identity,
        accessLog: accessLog === "stdout" || accessLog === "none" ? accessLog : { file: accessLog },
        workers: number,
        log: logLines,
      });
      let isDraining = false;
      const watching = await proxyAdmin(running, admin, () => isDraining);
      logLines({ level: "info", event: "serving", workers: number, admin: watching.port });
      const asked = await new Promise<string>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve(signal));
      });
      logLines({ level: "info", event: "ending", signal: asked, graceMs: grace });
      // Whoever is impatient asks twice.
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
      isDraining = true;
      await running.close(grace);
      await watching.close();
    });
