import { join } from "node:path";
import { Command, Option } from "commander";
import { compiler } from "./compiler.ts";
import { counted } from "./counted.ts";
import { diagnostic } from "../lib/diagnostics/catalog.ts";
import { failed, type Diagnostic } from "../lib/diagnostics/diagnostic.ts";
import type { OutputFile, Target } from "../targets/target.ts";
import type { Compiled } from "../compiler/resolved.ts";
import { written, type Output } from "./build/output.ts";
import { withMeshOptions, type MeshOptions } from "./mesh-options.ts";

const targetNames = ["istio", "xds", "native"] as const;

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
      const { compiled } = await compiler();
      const made = await builders[options.target](options.mesh);
      const out = options.out ?? join(options.mesh, "out");
      let ahead: Built | undefined;
      let built: Built | undefined;
      const result = await compiled(options, "diagnostics", {
        meanwhile: (value) => (ahead = made.ahead?.(value)),
        // All that is found is told in one list, with one sum below it.
        further: async (value) => {
          const mismatches = made.mismatches(value);
          if (mismatches.length > 0) return mismatches;
          const found = ahead ?? (await made.built(value));
          if ("diagnostics" in found) return found.diagnostics;
          const unwritten = await written(out, found.files, made.output);
          if (unwritten !== undefined) return [diagnostic("MESH0100", { path: out, reason: unwritten })];
          built = found;
          return found.omissions;
        },
      });
      if (result === undefined || built === undefined) return;
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
    return { files: istio.files(objects), omissions: istio.omissions(), count: counted(objects.length, "object") };
  };
  return {
    output: "replaced",
    mismatches: ({ platform }) => istio.mismatches(platform),
    ahead: built,
    built: (compiled) => Promise.resolve(built(compiled)),
    places: (files, out) => files.map(({ path }) => join(out, path)).join(", "),
  };
};

const xdsBuild = async (folder: string): Promise<Builder> =>
  placedBuild((await import("../targets/xds/index.ts")).xds, folder);

const nativeBuild = async (folder: string): Promise<Builder> =>
  placedBuild((await import("../targets/native/index.ts")).native, folder);

/** For proxies that are told where things run, each by files of its own. */
const placedBuild = async <Artifact>(target: Target<Artifact>, folder: string): Promise<Builder> => {
  const { placementOf } = await import("../compiler/pipeline.ts");
  return {
    // Proxies watch these files where they are.
    output: "updated",
    mismatches: ({ platform }) => target.mismatches(platform),
    built: async (compiled) => {
      const placement = await placementOf(folder, compiled);
      if (placement.value === undefined || failed(placement.diagnostics)) return { diagnostics: placement.diagnostics };
      const proxies = target.emit(compiled.mesh, placement.value);
      return {
        files: target.files(proxies),
        omissions: target.omissions(compiled.mesh, placement.value),
        count: counted(proxies.length, "proxy", "proxies"),
      };
    },
    places: (_, out) => join(out, target.name),
  };
};

const builders: Readonly<Record<(typeof targetNames)[number], (folder: string) => Promise<Builder>>> = {
  istio: istioBuild,
  xds: xdsBuild,
  native: nativeBuild,
};
