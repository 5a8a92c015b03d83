import { Command, Option } from "commander";
import { exitCode } from "./exit-code.ts";
import { loopbackAddressAndPort, portNumber } from "./arguments.ts";
import { hasColour, report } from "./diagnostics.ts";
import { withMesh } from "./mesh-options.ts";

interface UpOptions {
  readonly mesh: string;
  readonly env?: string;
  readonly ports: number;
  readonly page?: ReturnType<typeof loopbackAddressAndPort> | true;
}

/** `mesh-compile up`: until Ctrl-C. */
export const upCommand = (): Command =>
  withMesh(new Command("up"))
    .description("run the whole mesh on this machine: a proxy for each workload; edit a policy and the traffic moves")
    .addOption(
      new Option("--ports <number>", "the first port that is tried for what has none")
        .argParser(portNumber)
        .default(21_000),
    )
    .addOption(
      new Option("--page [address:port]", "show what goes on as a page, to browsers of this machine").argParser(
        loopbackAddressAndPort,
      ),
    )
    .action(async ({ mesh, env, ports, page }: UpOptions) => {
      const say = (text: string): void => void process.stdout.write(`${text}\n`);
      const { up } = await import("./up/up.ts");
      const running = await up({
        folder: mesh,
        ...(env !== undefined && { environment: env }),
        ports,
        ...(page !== undefined && { page: page === true ? { address: "127.0.0.1", port: 0 } : page }),
        say,
        wrong: (diagnostics) => report(diagnostics, { format: "text" }),
        colour: hasColour(process.stdout),
      });
      if (running === undefined) {
        process.exitCode = exitCode.errors;
        return;
      }
      say("Edit a policy and the traffic moves. Ctrl-C ends all of it.");
      await new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve());
      });
      // Whoever is impatient asks twice: what was started ends with this process.
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(130));
      await running.stop();
    });
