import { basename, resolve } from "node:path";
import { Command } from "commander";
import { diagnostic } from "../lib/diagnostics/catalog.ts";
import type { Compiled } from "../compiler/resolved.ts";
import type { Picture } from "../compiler/preview/page/picture.ts";
import { compiler } from "./compiler.ts";
import { report, written } from "./diagnostics.ts";
import { exitCode } from "./exit-code.ts";
import { withMesh, type MeshOptions } from "./mesh-options.ts";

interface ReportOptions extends Omit<MeshOptions, "format"> {
  readonly base?: string;
  readonly out: string;
}

/** `mesh-compile report`: a mesh, or what lies between it and a base, as a page that a browser opens without a network. */
export const reportCommand = (): Command =>
  withMesh(new Command("report"))
    .description("draw the mesh, or how it differs from a base, as one HTML page that needs no network")
    .option(
      "--base <revision|folder>",
      "what to compare with: a Git revision of the mesh folder, or another mesh folder",
    )
    .option("--out <file>", "where the page is written", "mesh-report.html")
    .action(async (options: ReportOptions) => {
      const { base } = options;
      const picture = await (base === undefined ? meshPictured(options) : comparisonPictured({ ...options, base }));
      if (picture === undefined) {
        process.exitCode = exitCode.errors;
        return;
      }
      const [{ page }, { replacedFile }] = await Promise.all([
        import("../compiler/preview/page/page.ts"),
        import("./replaced-file.ts"),
      ]);
      const reason = await replacedFile(options.out, page(picture));
      if (reason === undefined) {
        await written(process.stdout, `${options.out}\n`);
        return;
      }
      await report([diagnostic("MESH0100", { path: options.out, reason })], { format: "text" });
      process.exitCode = exitCode.errors;
    });

const meshPictured = async (options: ReportOptions): Promise<Picture | undefined> => {
  const [{ compiled }, { meshPicture }] = await Promise.all([
    compiler(),
    import("../compiler/preview/picture/index.ts"),
  ]);
  const found = await compiled({ ...options, format: "text" });
  return found && meshPicture(found.mesh, titleOf(options));
};

const comparisonPictured = async (options: ReportOptions & { readonly base: string }): Promise<Picture | undefined> => {
  const [{ compiled, spansOf }, { compiledBase }] = await Promise.all([compiler(), import("./diff/base.ts")]);
  const asText = { ...options, format: "text" } as const;
  const [head, found] = await Promise.all([compiled(asText), compiledBase(options)]);
  if ("diagnostics" in found) {
    await report(found.diagnostics, { format: "text" });
    return undefined;
  }
  const { base } = found;
  try {
    return head && (await compared(head, { base, options, spansOf: (origins) => spansOf(asText, origins) }));
  } finally {
    await base.remove();
  }
};

const compared = async (
  head: Compiled,
  {
    base,
    options,
    spansOf,
  }: Pick<Parameters<ShownDiffOf>[1]["head"], "spansOf"> & {
    readonly base: Parameters<ShownDiffOf>[1]["base"];
    readonly options: ReportOptions;
  },
): Promise<Picture> => {
  const [{ meshChanges }, { shownDiff }, { comparisonPicture }] = await Promise.all([
    import("../compiler/diff/index.ts"),
    import("./diff/shown.ts"),
    import("../compiler/preview/picture/index.ts"),
  ]);
  const { mesh, env } = options;
  const shown = await shownDiff(meshChanges(base.compiled, head), {
    head: { mesh, ...(env !== undefined && { env }), spansOf },
    base,
    failOn: [],
    fromTop: false,
  });
  return comparisonPicture({ before: base.compiled.mesh, after: head.mesh }, shown, titleOf(options));
};

type ShownDiffOf = (typeof import("./diff/shown.ts"))["shownDiff"];

const titleOf = ({ mesh, env }: ReportOptions): string =>
  `${basename(resolve(mesh))}${env === undefined ? "" : ` (${env})`}`;
