import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { exitCode } from "../exit-code.ts";
import { written } from "../diagnostics.ts";
import { logLines } from "../log-lines.ts";
import {
  cluster,
  consentOf,
  parentOf,
  sourceOf,
  withCluster,
  withRepository,
  type ClusterOptions,
  type RepositoryOptions,
} from "./options.ts";

interface PlanOptions extends ClusterOptions, Omit<RepositoryOptions, "repository"> {
  readonly repository?: string;
  readonly mesh?: string;
  readonly env?: string;
  readonly types: boolean;
}

/** `mesh-sync plan`: what a pass would do, and nothing of it done. */
export const planCommand = (version: string): Command =>
  withRepository(
    withCluster(new Command("plan"))
      .description("print the steps that bring a cluster to what a branch, or a mesh folder, says")
      .option("--repository <url>", "the Git repository, over HTTP or HTTPS")
      .option("--mesh <folder>", "a mesh folder as it lies here, instead of a repository"),
  )
    .option("--env <environment>", "compile for one of the environments that mesh.config.ts declares")
    .option("--no-types", "leave out the type check")
    .action(async (options: PlanOptions) => {
      const { repository, mesh } = options;
      if ((repository === undefined) === (mesh === undefined)) throw new Error("say either --repository or --mesh");
      const parent = parentOf(options);
      const [{ planned }, { passOptions }, { timedSettling }, { planText }] = await Promise.all([
        import("../../runtime/gitops/pass.ts"),
        import("../../runtime/gitops/sync.ts"),
        import("../../runtime/gitops/rollout/settled.ts"),
        import("../../compiler/preview/rollout/text.ts"),
      ]);
      const signal = AbortSignal.timeout(600_000);
      const folder = await mkdtemp(join(tmpdir(), "meshwright-sync-"));
      const api = await cluster(options);
      try {
        const fetched =
          repository === undefined
            ? { commit: "here", folder: resolve(mesh ?? ".") }
            : await (await sourceOf({ ...options, repository }, folder)).fetched(signal);
        const { plan } = await planned(
          fetched,
          passOptions({
            api,
            parent,
            version,
            settling: () => timedSettling(0),
            compile: { environment: options.env, types: options.types },
            consent: consentOf(options),
            log: logLines,
          }),
          signal,
        );
        await written(process.stdout, planText(plan));
        process.exitCode =
          plan.kind !== "safe" ? exitCode.refused : plan.steps.length > 0 ? exitCode.differs : exitCode.ok;
      } finally {
        await api.close();
        await rm(folder, { recursive: true, force: true });
      }
    });
