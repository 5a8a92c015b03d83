import { compiler } from "./compiler.ts";
import { Command } from "commander";
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
        process.stderr.write(
          `${intents.policies.length + intents.externals.length + intents.ingresses.length} policies for ${mesh.destinations.length} destinations and ${mesh.workloads.length} workloads: no errors\n`,
        );
      }
    });
