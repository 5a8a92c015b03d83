import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { addressAndPort, milliseconds } from "../arguments.ts";
import { exitCode } from "../exit-code.ts";
import { logLines } from "../log-lines.ts";
import {
  cluster,
  consentOf,
  parentOf,
  settlingOf,
  sourceOf,
  withCluster,
  withRepository,
  withSettling,
  type ClusterOptions,
  type RepositoryOptions,
  type SettleOptions,
} from "./options.ts";

interface RunOptions extends ClusterOptions, RepositoryOptions, SettleOptions {
  readonly once?: true;
  readonly env?: string;
  readonly types: boolean;
  readonly interval: number;
  readonly state?: string;
  readonly lease: boolean;
  readonly admin?: ReturnType<typeof addressAndPort>;
}

/** `mesh-sync run`: until it is told to end, or for one pass. */
export const runCommand = (version: string): Command =>
  withSettling(
    withRepository(
      withCluster(new Command("run"))
        .description("bring a cluster to what a branch says, and keep it there")
        .requiredOption("--repository <url>", "the Git repository, over HTTP or HTTPS"),
    ),
  )
    .option("--once", "one pass; exit code 0 when the cluster is what the commit says")
    .option("--env <environment>", "compile for one of the environments that mesh.config.ts declares")
    .option("--no-types", "leave out the type check, where whoever merges has made it")
    .addOption(
      new Option("--interval <duration>", "how often the branch is asked for")
        .argParser(milliseconds)
        .default(30_000, "30s"),
    )
    .option("--state <folder>", "where commits are laid out (default: a temporary folder)")
    .option("--no-lease", "do not wait for the lease that keeps two of these apart")
    .addOption(new Option("--admin <address:port>", "where probes and Prometheus ask").argParser(addressAndPort))
    .action(async (options: RunOptions) => {
      const ending = new AbortController();
      for (const name of ["SIGINT", "SIGTERM"])
        process.once(name, () => {
          logLines({ level: "info", event: "ending", signal: name });
          ending.abort(new Error(`asked to end by ${name}`));
          // Whoever is impatient asks twice.
          process.once(name, () => process.exit(130));
        });
      const { signal } = ending;
      const parent = parentOf(options);
      const [{ leaderElection }, { synced, syncedOnce }, { reporting }] = await Promise.all([
        import("../../runtime/gitops/cluster/index.ts"),
        import("../../runtime/gitops/sync.ts"),
        import("./reporting.ts"),
      ]);
      const folder = options.state ?? (await mkdtemp(join(tmpdir(), "meshwright-sync-")));
      const api = await cluster(options);
      const reports = await reporting({ api, parent, admin: options.admin, log: logLines });
      try {
        const [source, settling] = await Promise.all([sourceOf(options, folder), settlingOf(options, parent)]);
        const shared = {
          source,
          parent,
          version,
          settling,
          compile: { environment: options.env, types: options.types },
          consent: consentOf(options),
          reporter: reports.reporter,
          log: logLines,
        };
        const work = async (term: {
          readonly api: typeof api | Parameters<typeof settling>[0];
          readonly signal: AbortSignal;
        }) => {
          reports.leads(true);
          try {
            if (options.once === true) await syncedOnce({ ...shared, api: term.api }, term.signal);
            else await synced({ ...shared, api: term.api, intervalMs: options.interval }, term.signal);
          } finally {
            reports.leads(false);
          }
        };
        if (options.lease)
          await leaderElection({
            api,
            namespace: parent.namespace ?? "default",
            name: `mesh-sync.${parent.name}`,
            identity: hostname(),
            log: logLines,
          }).led(work, signal);
        else await work({ api, signal });
      } catch (error) {
        if (signal.aborted) return;
        if (!(await isReported(error))) throw error;
        process.exitCode = exitCode.errors;
      } finally {
        await reports.close();
        await api.close();
        if (options.state === undefined) await rm(folder, { recursive: true, force: true });
      }
    });

/** A pass that failed has said why in its own lines. */
const isReported = async (error: unknown): Promise<boolean> => {
  const { PassFailure } = await import("../../runtime/gitops/failure.ts");
  return error instanceof PassFailure;
};
