import { Command, InvalidArgumentError, Option } from "commander";
import { failed } from "../lib/diagnostics/diagnostic.ts";
import { isDnsLabel, isLabelKey } from "../lib/graph/kubernetes-name.ts";
import { exitCode } from "./exit-code.ts";
import { report, diagnosticsFormats, type DiagnosticsFormat } from "./diagnostics.ts";

interface SyncOptions {
  readonly mesh: string;
  readonly namespace: string;
  readonly subsetLabel: string;
  readonly revision?: string;
  readonly check?: true;
  readonly format: DiagnosticsFormat;
}

interface ShowOptions {
  readonly mesh: string;
  readonly json?: true;
}

/** `mesh-compile graph`: what exists, read from Kubernetes manifests and kept beside the policies. */
export const graphCommand = (): Command =>
  new Command("graph")
    .description("the service graph: what the policies can be about")
    .addCommand(syncCommand())
    .addCommand(showCommand());

const syncCommand = (): Command =>
  new Command("sync")
    .description("read Kubernetes manifests into the mesh folder's graph: a snapshot, the platform, and typed handles")
    .argument("<input...>", "files and folders of manifests (.yaml, .yml, .json), and `-` for standard input")
    .option("--mesh <folder>", "the mesh folder, where mesh.config.ts is", ".")
    .option("--namespace <namespace>", "the namespace of objects that name none", dnsLabel, "default")
    .option("--subset-label <key>", "the label whose values tell a service's subsets apart", labelKey, "version")
    .option("--revision <revision>", "the control plane that is meant, where the manifests hold several")
    .option("--check", "write nothing; exit with 2 if the graph is not what the manifests say")
    .addOption(
      new Option("--format <format>", "how diagnostics are written").choices(diagnosticsFormats).default("text"),
    )
    .addHelpText("after", "\nExit codes: 0 done, 1 errors in the inputs (nothing was written), 2 stale (with --check).")
    .action(async (inputs: readonly string[], options: SyncOptions) => {
      // Loaded here: no other command needs to read YAML.
      const { syncedGraph } = await import("./graph/sync.ts");
      const { diagnostics, summary, stale } = await syncedGraph(inputs, options, options.check === true);
      await report(diagnostics, { format: options.format });
      if (options.format === "text") process.stdout.write(summary);
      process.exitCode = stale ? exitCode.differs : failed(diagnostics) ? exitCode.errors : exitCode.ok;
    });

const showCommand = (): Command =>
  new Command("show")
    .description("print the graph that the policies are compiled against")
    .option("--mesh <folder>", "the mesh folder, where mesh.config.ts is", ".")
    .option("--json", "print the graph and the platform as JSON")
    .action(async ({ mesh, json }: ShowOptions) => {
      const { readSnapshot } = await import("../compiler/snapshot/read-snapshot.ts");
      const { shownGraph } = await import("./graph/shown.ts");
      const { value, diagnostics } = await readSnapshot(mesh);
      await report(diagnostics, { format: "text" });
      if (value === undefined) {
        process.exitCode = exitCode.errors;
        return;
      }
      const { graph, platform } = value;
      const columns = process.stdout.isTTY ? process.stdout.columns || 80 : Infinity;
      process.stdout.write(
        json ? `${JSON.stringify({ graph, platform }, undefined, 2)}\n` : shownGraph(graph, columns),
      );
    });

const dnsLabel = (value: string): string => {
  if (!isDnsLabel(value)) throw new InvalidArgumentError("It is no name of a namespace.");
  return value;
};

const labelKey = (value: string): string => {
  if (!isLabelKey(value)) throw new InvalidArgumentError("It is no key of a label.");
  return value;
};
