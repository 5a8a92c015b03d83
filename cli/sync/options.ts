import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import type { ClusterApi, ObjectRef } from "../../runtime/gitops/cluster/index.ts";
import type { Consent } from "../../runtime/gitops/pass.ts";
import type { Settling } from "../../runtime/gitops/rollout/settled.ts";
import { milliseconds, workloadId } from "../arguments.ts";

/** Where a cluster is, what of it is ours, and what may be done to it. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly name?: string;
  readonly inventory?: string;
  readonly allowEmpty?: true;
  readonly allowUnsafe?: true;
  readonly adopt?: true;
}

export const withCluster = (command: Command): Command =>
  command
    .option("--kubeconfig <file>", "the cluster (default: KUBECONFIG, the pod's own account, ~/.kube/config)")
    .option("--context <name>", "of the kubeconfig, where it is not the current one")
    .addOption(
      new Option(
        "--name <namespace/name>",
        "the MeshSync object that is reported to, and whose inventory this is",
      ).argParser(workloadId),
    )
    .addOption(
      new Option(
        "--inventory <namespace/name>",
        "a ConfigMap that keeps the inventory, where there is no MeshSync",
      ).argParser(workloadId),
    )
    .option("--allow-empty", "carry out a commit that asks for nothing, which deletes everything of the inventory")
    .option("--allow-unsafe", "carry out changes that break calls on the way, or that could not be proved safe")
    .option(
      "--adopt",
      "take objects over that are there already and of no inventory; never from another field manager",
    );

/** The parent of the inventory: a MeshSync, or a ConfigMap. Throws in words. */
export const parentOf = ({ name, inventory }: ClusterOptions): ObjectRef => {
  const said = name ?? inventory;
  if (said === undefined || (name !== undefined && inventory !== undefined))
    throw new Error("say either --name NAMESPACE/NAME or --inventory NAMESPACE/NAME");
  const [namespace = "", object = ""] = said.split("/");
  return name === undefined
    ? { apiVersion: "v1", kind: "ConfigMap", namespace, name: object }
    : { apiVersion: "meshwright.dev/v1alpha1", kind: "MeshSync", namespace, name: object };
};

export const consentOf = ({ allowEmpty, allowUnsafe, adopt }: ClusterOptions): Consent => ({
  empty: allowEmpty === true,
  unsafe: allowUnsafe === true,
  adopt: adopt === true,
});

/** A cluster, to be closed. */
export const cluster = async ({
  kubeconfig,
  context,
}: ClusterOptions): Promise<ClusterApi & { readonly close: () => Promise<void> }> => {
  const { clusterAccess, clusterApi } = await import("../../runtime/gitops/cluster/index.ts");
  const access = await clusterAccess({
    ...(kubeconfig !== undefined && { file: kubeconfig }),
    ...(context !== undefined && { context }),
  });
  return clusterApi({ access });
};

/** Where commits come from. */
export interface RepositoryOptions {
  readonly repository: string;
  readonly branch: string;
  readonly path?: string;
  readonly tokenFile?: string;
  readonly username?: string;
  readonly caFile?: string;
}

export const withRepository = (command: Command): Command =>
  command
    .option("--branch <name>", "the branch that is followed", "main")
    .option("--path <folder>", "the mesh folder in the repository, where it is not its top")
    .option("--token-file <file>", "a token for the repository; read anew for each fetch")
    .option("--username <name>", "what stands before the token, where the server looks at it")
    .option("--ca-file <file>", "authorities of the repository's server, as PEM, beside the well-known ones");

/** A source whose commits are laid out in a folder of its own. */
export const sourceOf = async (
  { repository, branch, path, tokenFile, username, caFile }: RepositoryOptions,
  folder: string,
) => {
  const { gitSource } = await import("../../runtime/gitops/source/git-source.ts");
  return gitSource({
    url: repository,
    branch,
    folder,
    ...(path !== undefined && { path }),
    ...(tokenFile !== undefined && { token: async () => (await readFile(tokenFile, "utf8")).trim() }),
    ...(username !== undefined && { username }),
    ...(caFile !== undefined && { caFile }),
  });
};

/** How it is known that proxies have what was written. */
export interface SettleOptions {
  readonly istiod?: readonly string[];
  readonly istiodTokenFile?: string;
  readonly settle: number;
  readonly settleTimeout: number;
}

export const withSettling = (command: Command): Command =>
  command
    .addOption(
      new Option(
        "--istiod <url...>",
        "istiod's monitoring port, `http://istiod.istio-system:15014`: each address of a name is a replica; without it a stated time is waited",
      ).argParser((text: string, before: readonly string[] | undefined) => {
        if (!URL.canParse(text)) throw new InvalidArgumentError("write http://ADDRESS:PORT");
        return [...(before ?? []), text];
      }),
    )
    .option("--istiod-token-file <file>", "a token for istiod, where it asks for one; read anew each time")
    .addOption(
      new Option("--settle <duration>", "how long each step is waited for without --istiod")
        .argParser(milliseconds)
        .default(5000, "5s"),
    )
    .addOption(
      new Option("--settle-timeout <duration>", "how long every proxy has to acknowledge a step")
        .argParser(milliseconds)
        .default(120_000, "2m"),
    );

export const settlingOf = async (
  { istiod, istiodTokenFile, settle, settleTimeout }: SettleOptions,
  { namespace, name }: ObjectRef,
): Promise<(api: ClusterApi) => Settling> => {
  const [{ istiodSettling, timedSettling }, { replicasOf }] = await Promise.all([
    import("../../runtime/gitops/rollout/settled.ts"),
    import("../../runtime/gitops/rollout/replicas.ts"),
  ]);
  if (istiod === undefined) return () => timedSettling(settle);
  return (api) =>
    istiodSettling({
      api,
      istiod: () => replicasOf(istiod),
      marker: { namespace: namespace ?? "default", name: `${name}-settled` },
      timeoutMs: settleTimeout,
      ...(istiodTokenFile !== undefined && { token: async () => (await readFile(istiodTokenFile, "utf8")).trim() }),
    });
};
