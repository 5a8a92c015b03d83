import { resolve } from "node:path";
import { Command } from "commander";
import { silent } from "../../runtime/log/log.ts";
import { exitCode } from "../exit-code.ts";
import { written } from "../diagnostics.ts";
import { logLines } from "../log-lines.ts";
import { endingBySignal } from "./ending.ts";
import { opened } from "./opened.ts";
import { parentOf, withCluster, withRepository, type ClusterOptions, type SpecOptions } from "./options.ts";

interface PlanOptions extends ClusterOptions, SpecOptions {
  readonly mesh?: string;
}

/** `mesh-sync plan`: what a pass would do, and nothing of it done. */
export const planCommand = (version: string): Command =>
  withRepository(
    withCluster(new Command("plan")).description(
      "print the steps that bring a cluster to what a branch, or a mesh folder, says",
    ),
  )
    .option("--mesh <folder>", "a mesh folder as it lies here, instead of a repository")
    .action(async (options: PlanOptions) => {
      const { repository, mesh } = options;
      const parent = parentOf(options);
      if (repository !== undefined && mesh !== undefined) throw new Error("say either --repository or --mesh");
      if (parent.kind !== "MeshSync" && repository === undefined && mesh === undefined)
        throw new Error("say --repository or --mesh, or the MeshSync that says the repository by --name");
      const [{ planned }, { passOptions }, { timedSettling }, { planText }, { orderingOf }] = await Promise.all([
        import("../../runtime/gitops/pass.ts"),
        import("../../runtime/gitops/sync.ts"),
        import("../../runtime/gitops/rollout/settled.ts"),
        import("../../compiler/preview/rollout/text.ts"),
        import("./ordering.ts"),
      ]);
      const ending = endingBySignal();
      const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(600_000)]);
      try {
        await opened(options, async (api, folder) => {
          const ordering = await orderingOf({ api, parent, options, folder, log: silent });
          const { environment, types, consent } = await ordering.settings(signal);
          const fetching =
            mesh === undefined
              ? (await ordering.orders(signal)).source.fetched(signal)
              : Promise.resolve({ commit: "here", tree: undefined, folder: resolve(mesh) });
          const settling = () => timedSettling(0);
          const plan = await planned(
            fetching,
            passOptions(
              { api, parent, version, log: logLines },
              { settling, compile: { environment, types }, consent },
            ),
            signal,
          );
          await written(process.stdout, planText(plan));
          process.exitCode =
            plan.kind !== "safe" ? exitCode.refused : plan.steps.length > 0 ? exitCode.differs : exitCode.ok;
        });
      } catch (error) {
        if (!ending.signal.aborted) throw error;
        process.exitCode = ending.exitCode();
      }
    });
