import { Command, Option } from "commander";
import { bootstrap } from "../../targets/xds/bootstrap.ts";
import { addressAndPort, meshOption, workloadId } from "./arguments.ts";
import { knownWorkload } from "./state.ts";

interface BootstrapCommandOptions {
  readonly mesh: string;
  readonly control: ReturnType<typeof addressAndPort>;
  readonly identity: string;
  readonly instance: string;
  readonly adminPort?: number;
}

/** `mesh-control bootstrap`: prints what an Envoy is started with. */
export const bootstrapCommand = (): Command =>
  new Command("bootstrap")
    .description("print what the Envoy of a workload is started with")
    .argument("<workload>", "NAMESPACE/NAME, as the graph has it", workloadId)
    .addOption(meshOption())
    .requiredOption("--identity <folder>", "where `mesh-control join` wrote the identity; best as an absolute path")
    .addOption(
      new Option("--control <address:port>", "where it finds the control plane")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_012 }, "127.0.0.1:15012"),
    )
    .option("--instance <instance>", "which of its instances in placement.yaml, from 0; or a name of its own", "0")
    .option("--admin-port <port>", "where Envoy's own administration listens on this machine", Number)
    .action(async (workload: string, options: BootstrapCommandOptions) => {
      const { platform } = await knownWorkload(options.mesh, workload);
      const made = bootstrap({
        workload,
        instance: options.instance,
        platform,
        adminPort: options.adminPort ?? "none",
        source: { kind: "control", ...options.control, identityFolder: options.identity },
      });
      process.stdout.write(`${JSON.stringify(made, undefined, 2)}\n`);
    });
