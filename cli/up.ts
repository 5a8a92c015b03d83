import { Command, Option } from "commander";
import { exitCode } from "./exit-code.ts";
import { loopbackAddressAndPort, portNumber } from "./arguments.ts";
import { hasColour, report } from "./diagnostics.ts";
import { withMeshUntyped } from "./mesh-options.ts";
import { askedToEnd } from "./up/asked-to-end.ts";
import { envoyProgram } from "./up/envoy-program.ts";

interface UpOptions {
  readonly mesh: string;
  readonly env?: string;
  readonly proxy: "mesh-proxy" | "envoy";
  readonly envoy?: string;
  readonly ports: number;
  readonly page?: ReturnType<typeof loopbackAddressAndPort> | true;
}

/** `mesh-compile up`: until Ctrl-C. */
export const upCommand = (): Command =>
  withMeshUntyped(new Command("up"))
    .description(
      "run the whole mesh on this machine: a control plane, and a proxy for each workload; edit a policy and the traffic moves",
    )
    .addOption(
      new Option("--proxy <program>", "what carries the traffic")
        .choices(["mesh-proxy", "envoy"])
        .default("mesh-proxy"),
    )
    .addOption(new Option("--envoy <path>", "the Envoy to run, if not the one in PATH").implies({ proxy: "envoy" }))
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
    .action(async ({ mesh, env, proxy, envoy, ports, page }: UpOptions) => {
      const say = (text: string): void => void process.stdout.write(`${text}\n`);
      const program = proxy === "envoy" ? envoyProgram(envoy) : undefined;
      if (program !== undefined && "missing" in program) {
        process.stderr.write(`mesh-compile: ${program.missing}\n`);
        process.exitCode = exitCode.errors;
        return;
      }
      const ending = askedToEnd();
      const { up } = await import("./up/up.ts");
      const running = await up({
        folder: mesh,
        ...(env !== undefined && { environment: env }),
        ...(program !== undefined && { proxies: { envoy: program.path } }),
        ports,
        ...(page !== undefined && { page: page === true ? { address: "127.0.0.1", port: 0 } : page }),
        say,
        wrong: (diagnostics, spans) => report(diagnostics, { format: "text", locate: () => Promise.resolve(spans) }),
        colour: hasColour(process.stdout),
        signal: ending,
      });
      if (running === undefined) {
        if (!ending.aborted) process.exitCode = exitCode.errors;
        return;
      }
      say("Edit a policy and the traffic moves. Ctrl-C ends all of it.");
      if (!ending.aborted) await new Promise((resolve) => ending.addEventListener("abort", resolve));
      await running.stop();
    });
