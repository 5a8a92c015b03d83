import { InvalidArgumentError, Option, type Command } from "commander";
import type { ClusterApi, ObjectRef } from "../../runtime/gitops/cluster/index.ts";
import { defaults, durationWithin, type DurationName, type Flags } from "../../runtime/gitops/spec/settings.ts";
import { workloadId } from "../arguments.ts";

/** Where a cluster is, and what of it is ours. */
export interface ClusterOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly name?: string;
  readonly inventory?: string;
}

export const withCluster = (command: Command): Command =>
  command
    .option("--kubeconfig <file>", "the cluster (default: KUBECONFIG, the pod's own account, ~/.kube/config)")
    .option("--context <name>", "of the kubeconfig, where it is not the current one")
    .addOption(
      new Option(
        "--name <namespace/name>",
        "the MeshSync object that says what to do, that is reported to, and whose inventory this is; what is said here goes before what it says",
      ).argParser(workloadId),
    )
    .addOption(
      new Option(
        "--inventory <namespace/name>",
        "a ConfigMap that keeps the inventory, where there is no MeshSync",
      ).argParser(workloadId),
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

/** How a repository's server is spoken to. */
export interface RepositoryAccess {
  readonly tokenFile?: string;
  readonly tokenFor?: readonly string[];
  readonly username?: string;
  readonly caFile?: string;
}

/** How istiod is spoken to. */
export interface IstiodAccess {
  readonly istiodTokenFile?: string;
  readonly istiodTokenFor?: readonly string[];
}

/** What a MeshSync's spec says too. */
export interface SpecOptions extends RepositoryAccess, IstiodAccess {
  readonly repository?: string;
  readonly branch?: string;
  readonly path?: string;
  readonly env?: string;
  readonly types: boolean;
  readonly interval?: number;
  readonly istiod?: readonly string[];
  readonly settle?: number;
  readonly settleTimeout?: number;
  readonly allowEmpty?: true;
  readonly allowUnsafe?: true;
  readonly adopt?: true;
}

export const withRepository = (command: Command): Command =>
  command
    .option("--repository <url>", "the Git repository, over HTTP or HTTPS (default: the MeshSync's)")
    .option("--branch <name>", `the branch that is followed (default: the MeshSync's, or ${defaults.branch})`)
    .option("--path <folder>", "the mesh folder in the repository (default: the MeshSync's, or its top)")
    .option("--token-file <file>", "a token for the repository; read anew for each fetch")
    .addOption(
      new Option(
        "--token-for <origin...>",
        "`https://HOST`: the token is sent nowhere else (default: where --repository is; needed where a MeshSync names the repository)",
      ).argParser(origins),
    )
    .option("--username <name>", "what stands before the token, where the server looks at it")
    .option("--ca-file <file>", "authorities of the repository's server, as PEM, beside the well-known ones")
    .option("--env <environment>", "compile for one of the environments that mesh.config.ts declares")
    .option("--no-types", "leave out the type check, where whoever merges has made it")
    .option("--allow-empty", "carry out a commit that asks for nothing, which deletes everything of the inventory")
    .option("--allow-unsafe", "carry out changes that break calls on the way, or that could not be proved safe")
    .option(
      "--adopt",
      "take objects over that are there already and of no inventory; never from another field manager",
    );

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
      new Option(
        "--istiod-token-for <origin...>",
        "`http://istiod.istio-system:15014`: that token is sent nowhere else (default: where --istiod is; needed where a MeshSync names istiod)",
      ).argParser(origins),
    )
    .addOption(duration("settle", "--settle <duration>", "how long each step is waited for without --istiod"))
    .addOption(
      duration("settleTimeout", "--settle-timeout <duration>", "how long every proxy has to acknowledge a step"),
    )
    .addOption(duration("interval", "--interval <duration>", "how often the branch is asked for"));

const duration = (name: DurationName, flags: string, what: string): Option =>
  new Option(flags, `${what} (default: the MeshSync's, or ${defaults[name]})`).argParser((text) => {
    try {
      return durationWithin(name, text);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
  });

const origins = (text: string, before: readonly string[] | undefined): readonly string[] => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.href !== `${url.origin}/`)
    throw new InvalidArgumentError("write https://HOST or https://HOST:PORT");
  return [...(before ?? []), url.origin];
};

/** What of a spec the command line says. */
export const flagsOf = (options: SpecOptions): Flags => {
  const { repository, branch, path, env, interval, istiod, settle, settleTimeout } = options;
  return {
    ...(repository !== undefined && { repository }),
    ...(branch !== undefined && { branch }),
    ...(path !== undefined && { path }),
    ...(env !== undefined && { environment: env }),
    types: options.types,
    ...(interval !== undefined && { intervalMs: interval }),
    ...(istiod !== undefined && { istiod }),
    ...(settle !== undefined && { settleMs: settle }),
    ...(settleTimeout !== undefined && { settleTimeoutMs: settleTimeout }),
    consent: {
      empty: options.allowEmpty === true,
      unsafe: options.allowUnsafe === true,
      adopt: options.adopt === true,
    },
  };
};
