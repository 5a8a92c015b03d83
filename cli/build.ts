import { join } from "node:path";
import { Command, Option } from "commander";
import { diagnostic } from "../lib/diagnostics/catalog.ts";
import { istio } from "../targets/istio/index.ts";
import { compiled, withMeshOptions, type MeshOptions } from "./compiled.ts";
import { exitCode } from "./exit-code.ts";
import { replacedFolder } from "./replaced-folder.ts";
import { report } from "./report.ts";

interface BuildOptions extends MeshOptions {
  readonly target: "istio";
  readonly out?: string;
}

/** `mesh-compile build`: the platform's own configuration, all of it or nothing. */
export const buildCommand = (): Command =>
  withMeshOptions(new Command("build"))
    .description("compile the policies into the platform's own configuration")
    .addOption(new Option("--target <target>", "the platform").choices(["istio"]).default("istio"))
    .option("--out <folder>", "the output folder, replaced as a whole (default: out in the mesh folder)")
    .action(async (options: BuildOptions) => {
      const result = await compiled(options);
      if (result === undefined) return;
      const mismatches = istio.mismatches(result.platform);
      if (mismatches.length > 0) {
        await report(mismatches, { format: options.format });
        process.exitCode = exitCode.errors;
        return;
      }
      const objects = istio.emit(result.mesh);
      const files = istio.files(objects);
      const out = options.out ?? join(options.mesh, "out");
      const unwritten = await replacedFolder(out, files);
      if (unwritten) {
        await report([diagnostic("MESH0100", { path: unwritten.path, reason: unwritten.reason })], {
          format: options.format,
        });
        process.exitCode = exitCode.errors;
        return;
      }
      if (options.format === "text")
        process.stdout.write(`${objects.length} objects in ${files.map(({ path }) => join(out, path)).join(", ")}\n`);
    });
