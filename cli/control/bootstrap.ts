import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command, Option } from "commander";
import { bootstrap } from "../../targets/xds/bootstrap.ts";
import { ownCertificate, secretFiles } from "../../targets/xds/identity-names.ts";
import { addressAndPort, meshOption, portNumber, workloadId } from "../arguments.ts";
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
    .requiredOption(
      "--identity <folder>",
      "where `mesh-control join` writes the identity, on the machine of this Envoy",
    )
    .addOption(
      new Option("--control <address:port>", "where it finds the control plane")
        .argParser(addressAndPort)
        .default({ address: "127.0.0.1", port: 15_012 }, "127.0.0.1:15012"),
    )
    .option("--instance <instance>", "which of its instances in placement.yaml, from 0; or a name of its own", "0")
    .addOption(
      new Option("--admin-port <port>", "where Envoy's own administration listens on this machine").argParser(
        portNumber,
      ),
    )
    .action(async (workload: string, options: BootstrapCommandOptions) => {
      const { platform } = await knownWorkload(options.mesh, workload);
      // Envoy may be started in another folder than this is.
      const identityFolder = resolve(options.identity);
      const made = bootstrap({
        workload,
        instance: options.instance,
        platform,
        adminPort: options.adminPort ?? "none",
        source: { kind: "control", ...options.control, identityFolder },
      });
      process.stdout.write(`${JSON.stringify(made, undefined, 2)}\n`);
      // It may be another machine's: that is no error.
      if (!(await isThere(join(identityFolder, secretFiles[ownCertificate]))))
        process.stderr.write(
          `mesh-control: --identity ${identityFolder} holds no identity on this machine: Envoy needs what \`mesh-control join --out\` writes there\n`,
        );
    });

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
