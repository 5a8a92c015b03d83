import { Command, InvalidArgumentError, Option } from "commander";
import { risks, type Risk } from "../compiler/diff/change.ts";
import { compiler } from "./compiler.ts";
import { exitCode } from "./exit-code.ts";
import { withMesh, type MeshOptions } from "./mesh-options.ts";
import { hasColour, report, written } from "./diagnostics.ts";

const formats = ["text", "markdown", "json", "github"] as const;

interface DiffOptions extends Omit<MeshOptions, "format"> {
  readonly base: string;
  readonly format: (typeof formats)[number];
  readonly rollout?: true;
  readonly failOn: readonly Risk[];
}

/** `mesh-compile diff`: what the policies as they lie here mean that those of a base do not. */
export const diffCommand = (): Command =>
  withMesh(new Command("diff"))
    .description("say which requests fare otherwise than under a base: exactly, each with a request that shows it")
    .requiredOption(
      "--base <revision|folder>",
      "what to compare with: a Git revision of the mesh folder, or another mesh folder",
    )
    .addOption(
      new Option("--format <format>", "markdown is for pull requests, github for its annotations")
        .choices(formats)
        .default("text"),
    )
    .option("--rollout", "show the steps in which Istio's objects would come to a cluster, and whether they are safe")
    .option("--fail-on <risks>", `refuse changes (exit code 3) that are one of: ${risks.join(", ")}`, gates, [])
    .action(async (options: DiffOptions) => {
      const [{ compiled, spansOf }, { compiledBase }, { meshChanges }, { readyToLocate }] = await Promise.all([
        compiler(),
        import("./diff/base.ts"),
        import("../compiler/diff/index.ts"),
        import("../compiler/load/index.ts"),
      ]);
      // Diagnostics of either side go aside: standard output is the diff's.
      const asText = { ...options, format: "text" } as const;
      // The base is compiled before the head's types are checked: there is time to prepare for what will be asked.
      const [head, found] = await Promise.all([compiled(asText), compiledBase(options).finally(readyToLocate)]);
      if ("diagnostics" in found) {
        await report(found.diagnostics, { format: "text" });
        process.exitCode = exitCode.errors;
        return;
      }
      const { base } = found;
      try {
        if (head === undefined) return;
        const changes = meshChanges(base.compiled, head);
        const { shownDiff } = await import("./diff/shown.ts");
        const { mesh, env, format, failOn } = options;
        const shown = await shownDiff(changes, {
          head: { mesh, ...(env !== undefined && { env }), spansOf: (origins) => spansOf(asText, origins) },
          base,
          failOn,
          fromTop: format === "github" || format === "markdown",
        });
        const rollout =
          options.rollout === true ? (await import("./diff/rollout.ts")).rolloutOf(base.compiled, head) : {};
        await written(process.stdout, (await rendering(format))({ ...shown, ...rollout }));
        process.exitCode =
          shown.refused.length > 0 ? exitCode.refused : shown.changes.length > 0 ? exitCode.differs : exitCode.ok;
      } finally {
        await base.remove();
      }
    });

const gates = (text: string, before: readonly Risk[]): readonly Risk[] => {
  const named = text.split(",").map((word) => word.trim());
  const unknown = named.find((name) => !(risks as readonly string[]).includes(name));
  if (unknown !== undefined)
    throw new InvalidArgumentError(`there is no risk \`${unknown}\`; there are ${risks.join(", ")}`);
  return [...new Set([...before, ...(named as Risk[])])];
};

const rendering = async (format: DiffOptions["format"]) => {
  switch (format) {
    case "text": {
      const { diffText } = await import("../compiler/preview/diff/text.ts");
      return (diff: Parameters<typeof diffText>[0]) => diffText(diff, { colour: hasColour(process.stdout) });
    }
    case "markdown":
      return (await import("../compiler/preview/diff/markdown.ts")).diffMarkdown;
    case "json":
      return (await import("../compiler/preview/diff/json.ts")).diffJson;
    case "github":
      return (await import("../compiler/preview/diff/github.ts")).diffAnnotations;
  }
};
