import { Command, Option } from "commander";
import type { Term } from "../../runtime/gitops/cluster/index.ts";
import { addressAndPort } from "../arguments.ts";
import { exitCode } from "../exit-code.ts";
import { logLines } from "../log-lines.ts";
import { endingBySignal } from "./ending.ts";
import { instance } from "./instance.ts";
import { opened } from "./opened.ts";
import {
  parentOf,
  withCluster,
  withRepository,
  withSettling,
  type ClusterOptions,
  type SpecOptions,
} from "./options.ts";
import { leaseName } from "../../runtime/gitops/spec/lease-name.ts";

interface RunOptions extends ClusterOptions, SpecOptions {
  readonly once?: true;
  readonly state?: string;
  readonly lease: boolean;
  readonly admin?: ReturnType<typeof addressAndPort>;
}

/** `mesh-sync run`: until it is told to end, or for one pass. */
export const runCommand = (version: string): Command =>
  withSettling(
    withRepository(
      withCluster(new Command("run")).description("bring a cluster to what a branch says, and keep it there"),
    ),
  )
    .option("--once", "one pass; exit code 0 when the cluster is what the commit says")
    .option("--state <folder>", "where commits are laid out (default: a temporary folder)")
    .option("--no-lease", "do not wait for the lease that keeps two of these apart")
    .addOption(new Option("--admin <address:port>", "where probes and Prometheus ask").argParser(addressAndPort))
    .action(async (options: RunOptions) => {
      const ending = endingBySignal((name) => logLines({ level: "info", event: "ending", signal: name }));
      const { signal } = ending;
      const parent = parentOf(options);
      if (parent.kind !== "MeshSync" && options.repository === undefined)
        throw new Error("say --repository URL, or the MeshSync that says it by --name NAMESPACE/NAME");
      const [{ leaderElection }, { synced, syncedOnce }, { reporting }, { orderingOf }] = await Promise.all([
        import("../../runtime/gitops/cluster/index.ts"),
        import("../../runtime/gitops/sync.ts"),
        import("./reporting.ts"),
        import("./ordering.ts"),
      ]);
      try {
        await opened(options, async (api, folder) => {
          const ordering = await orderingOf({ api, parent, options, folder, log: logLines });
          const { generation } = ordering;
          const reports = await reporting({ parent, generation, admin: options.admin, log: logLines });
          const work = async (term: Term): Promise<void> => {
            const reporter = reports.reporter(term);
            const shared = { ordering, api: term.api, parent, version, reporter, log: logLines };
            reports.leads(true);
            try {
              if (options.once === true) await syncedOnce(shared, term.signal);
              else await synced(shared, term.signal);
            } finally {
              reports.leads(false);
            }
          };
          try {
            if (options.lease)
              await leaderElection({
                api,
                namespace: parent.namespace ?? "default",
                name: leaseName(parent.name),
                identity: instance(),
                log: logLines,
              }).led(work, signal);
            else await work({ api, signal });
          } finally {
            await reports.close();
          }
        });
      } catch (error) {
        if (signal.aborted) {
          // One pass that was not made to its end is not what was asked for.
          if (options.once === true) process.exitCode = ending.exitCode();
          return;
        }
        if (!(await isReported(error))) throw error;
        process.exitCode = exitCode.errors;
      }
    });

/** A pass that failed has said why in its own lines. */
const isReported = async (error: unknown): Promise<boolean> => {
  const { PassFailure } = await import("../../runtime/gitops/failure.ts");
  return error instanceof PassFailure;
};
