import { compiler } from "./compiler.ts";
import { Command } from "commander";
import { counted } from "./counted.ts";
import { withMeshOptions, type MeshOptions } from "./mesh-options.ts";

/** `mesh-compile check`: everything that can be known without writing anything. */
export const checkCommand = (): Command =>
  withMeshOptions(new Command("check"))
    .description("check the policies against their types, the service graph and every law")
    .action(async (options: MeshOptions) => {
      const { compiled } = await compiler();
      const result = await compiled(options);
      if (result && options.format === "text") {
        const { mesh, intents } = result;
        const policies = intents.policies.length + intents.externals.length + intents.ingresses.length;
        process.stderr.write(
          `${counted(policies, "policy", "policies")} for ${counted(mesh.destinations.length, "destination")} and ${counted(mesh.workloads.length, "workload")}: no errors\n`,
        );
      }
    });
