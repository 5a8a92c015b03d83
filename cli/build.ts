import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { compiler } from "./compiler.ts";
import { Command, Option } from "commander";
import { diagnostic } from "../lib/diagnostics/catalog.ts";
import { istio } from "../targets/istio/index.ts";
import { withMeshOptions, type MeshOptions } from "./mesh-options.ts";
import { withParents } from "./parent-folders.ts";
import { exitCode } from "./exit-code.ts";
import { replacedFolder } from "../compiler/replaced-folder.ts";
import { report } from "./diagnostics.ts";

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
      const { compiled } = await compiler();
      let objects: ReturnType<typeof istio.emit> = [];
      let files: ReturnType<typeof istio.files> = [];
      const result = await compiled(options, "diagnostics", ({ mesh }) => {
        objects = istio.emit(mesh);
        files = istio.files(objects);
      });
      if (result === undefined) return;
      const mismatches = istio.mismatches(result.platform);
      if (mismatches.length > 0) {
        await report(mismatches, { format: options.format });
        process.exitCode = exitCode.errors;
        return;
      }
      const out = options.out ?? join(options.mesh, "out");
      await withParents(out);
      const marked = { path: marker, text: markerText + files.map(({ path }) => `${path}\n`).join("") };
      const unwritten = await replacedFolder(out, [...files, marked], foreignName);
      if (unwritten) {
        const reason =
          unwritten.kind === "foreign"
            ? `it holds ${unwritten.name}, which mesh-compile did not write`
            : unwritten.reason;
        await report([diagnostic("MESH0100", { path: out, reason })], { format: options.format });
        process.exitCode = exitCode.errors;
        return;
      }
      if (options.format === "text")
        process.stdout.write(`${objects.length} objects in ${files.map(({ path }) => join(out, path)).join(", ")}\n`);
    });

const marker = ".meshwright-output";
const markerText = "Written by mesh-compile build, which replaces this folder as a whole:\n";

/** A file that our mark does not name is somebody else's. */
const foreignName = async (out: string): Promise<string | undefined> => {
  const written = await readFile(join(out, marker), "utf8").catch(() => "");
  const ours = new Set(written.startsWith(markerText) ? [marker, ...written.split("\n").slice(1)] : []);
  const found = await readdir(out, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(out, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort()
    .find((name) => !ours.has(name));
};
