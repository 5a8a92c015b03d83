import { join } from "node:path";
import { Command, Option } from "commander";
import { compiler } from "./compiler.ts";
import { diagnostic } from "../lib/diagnostics/catalog.ts";
import { failed, type Diagnostic } from "../lib/diagnostics/diagnostic.ts";
import type { OutputFile } from "../targets/target.ts";
import type { Compiled } from "../compiler/resolved.ts";
import { written, type Output } from "./build/output.ts";
import { withMeshOptions, type MeshOptions } from "./mesh-options.ts";
import { exitCode } from "./exit-code.ts";
import { report } from "./diagnostics.ts";

const targetNames = ["istio", "xds"] as const;

interface BuildOptions extends MeshOptions {
  readonly target: (typeof targetNames)[number];
  readonly out?: string;
}

/** What a target made of a mesh. */
interface Built {
  readonly files: readonly OutputFile[];
  readonly omissions: readonly Diagnostic[];
  /** "42 objects". */
  readonly count: string;
}

/** `mesh-compile build`: the platform's own configuration, all of it or nothing. */
export const buildCommand = (): Command =>
  withMeshOptions(new Command("build"))
    .description("compile the policies into the platform's own configuration")
    .addOption(new Option("--target <target>", "the platform").choices(targetNames).default("istio"))
    .option("--out <folder>", "the output folder, replaced as a whole (default: out in the mesh folder)")
    .action(async (options: BuildOptions) => {
      const { compiled, spansOf } = await compiler();
      const made = options.target === "istio" ? await istioBuild() : await xdsBuild(options.mesh);
      let ahead: Built | undefined;
      const result = await compiled(options, "diagnostics", (value) => (ahead = made.ahead?.(value)));
      if (result === undefined) return;
      const refuse = async (diagnostics: readonly Diagnostic[]): Promise<void> => {
        await report(diagnostics, { format: options.format });
        process.exitCode = exitCode.errors;
      };
      const mismatches = made.mismatches(result);
      if (mismatches.length > 0) return refuse(mismatches);
      const built = ahead ?? (await made.built(result));
      if ("diagnostics" in built) return refuse(built.diagnostics);
      // As JSON, standard output is the one list of what compiling found.
      if (built.omissions.length > 0)
        await report(built.omissions, {
          format: options.format,
          locate: (origins) => spansOf(options, origins),
          stream: process.stderr,
        });
      const out = options.out ?? join(options.mesh, "out");
      const unwritten = await written(out, built.files, made.output);
      if (unwritten !== undefined) return refuse([diagnostic("MESH0100", { path: out, reason: unwritten })]);
      if (options.format === "text") process.stdout.write(`${built.count} in ${made.places(built.files, out)}\n`);
    });

interface Builder {
  readonly output: Output;
  readonly mismatches: (compiled: Compiled) => readonly Diagnostic[];
  /** While types are still checked; absent where more than the mesh is needed. */
  readonly ahead?: (compiled: Compiled) => Built;
  readonly built: (compiled: Compiled) => Promise<Built | { readonly diagnostics: readonly Diagnostic[] }>;
  readonly places: (files: readonly OutputFile[], out: string) => string;
}

const istioBuild = async (): Promise<Builder> => {
  const { istio } = await import("../targets/istio/index.ts");
  const built = ({ mesh }: Compiled): Built => {
    const objects = istio.emit(mesh);
    return { files: istio.files(objects), omissions: istio.omissions(), count: `${objects.length} objects` };
  };
  return {
    output: "replaced",
    mismatches: ({ platform }) => istio.mismatches(platform),
    ahead: built,
    built: (compiled) => Promise.resolve(built(compiled)),
    places: (files, out) => files.map(({ path }) => join(out, path)).join(", "),
  };
};

const xdsBuild = async (folder: string): Promise<Builder> => {
  const [{ xds }, { placementOf }] = await Promise.all([
    import("../targets/xds/index.ts"),
    import("../compiler/pipeline.ts"),
  ]);
  return {
    // Envoys watch these files where they are.
    output: "updated",
    mismatches: ({ platform }) => xds.mismatches(platform),
    built: async (compiled) => {
      const placement = await placementOf(folder, compiled);
      if (placement.value === undefined || failed(placement.diagnostics)) return { diagnostics: placement.diagnostics };
      const proxies = xds.emit(compiled.mesh, placement.value);
      return {
        files: xds.files(proxies),
        omissions: xds.omissions(compiled.mesh, placement.value),
        count: `${proxies.length} proxies`,
      };
    },
    places: (_, out) => join(out, "xds"),
  };
};
