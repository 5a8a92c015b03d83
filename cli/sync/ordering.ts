import type { ClusterApi, ObjectRef } from "../../runtime/gitops/cluster/index.ts";
import type { Source } from "../../runtime/gitops/source/source.ts";
import { settingsOf, unusable, type Settings } from "../../runtime/gitops/spec/settings.ts";
import { refuseElsewhere } from "../../runtime/gitops/spec/token-origins.ts";
import type { Ordering, Orders } from "../../runtime/gitops/sync.ts";
import type { Log } from "../../runtime/log/log.ts";
import { flagsOf, type IstiodAccess, type RepositoryAccess, type SpecOptions } from "./options.ts";

export interface CommandOrdering extends Ordering {
  /** What flags and object say together at this moment. Rejects with a `PassFailure`. */
  readonly settings: (signal: AbortSignal) => Promise<Settings>;
  /** Of the object that was acted on last. */
  readonly generation: () => number;
}

/** Orders by flags and, for the rest, by the MeshSync that the inventory is of. */
export const orderingOf = async ({
  api,
  parent,
  options,
  folder,
  log,
}: {
  readonly api: ClusterApi;
  readonly parent: ObjectRef;
  readonly options: SpecOptions;
  /** Where commits are laid out. */
  readonly folder: string;
  readonly log: Log;
}): Promise<CommandOrdering> => {
  const { followed } = await import("../../runtime/gitops/spec/followed.ts");
  const meshSync = parent.kind === "MeshSync" ? followed({ api, parent, log }) : undefined;
  const settings = async (signal: AbortSignal): Promise<Settings> =>
    settingsOf(flagsOf(options), (await meshSync?.found(signal))?.spec);
  let opened: { readonly key: string; readonly source: Source } | undefined;
  /** The same repository is asked by the same source, which knows what it has. */
  const sourceFor = async (said: Settings): Promise<Source> => {
    const { repository, branch, path } = said;
    if (repository === undefined) throw unusable("spec.source.url", "there is none");
    const key = JSON.stringify([repository, branch, path]);
    if (opened?.key !== key)
      opened = { key, source: await sourceOf({ ...options, repository, branch, path }, folder, log) };
    return opened.source;
  };
  return {
    settings,
    generation: () => meshSync?.generation() ?? 0,
    async orders(signal): Promise<Orders> {
      const said = await settings(signal);
      tokensStayHome(said, options);
      const { environment, types, consent, intervalMs } = said;
      return {
        source: await sourceFor(said),
        settling: await settlingOf(said, options, parent),
        compile: { environment, types },
        consent,
        intervalMs,
      };
    },
    changed: (signal) => meshSync?.changed(signal) ?? aborted(signal),
  };
};

const tokensStayHome = ({ repository, istiod }: Settings, options: SpecOptions): void => {
  const { tokenFile, tokenFor, istiodTokenFile, istiodTokenFor } = options;
  if (tokenFile !== undefined && repository !== undefined)
    refuseElsewhere("spec.source.url", repository, {
      flag: "--token-for",
      origins: tokenFor ?? originsOf([options.repository]),
    });
  if (istiodTokenFile !== undefined)
    for (const [index, address] of istiod.entries())
      refuseElsewhere(`spec.istiod[${index}]`, address, {
        flag: "--istiod-token-for",
        origins: istiodTokenFor ?? originsOf(options.istiod ?? []),
      });
};

const originsOf = (addresses: readonly (string | undefined)[]): readonly string[] =>
  addresses.flatMap((address) => (address !== undefined && URL.canParse(address) ? [new URL(address).origin] : []));

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });

const sourceOf = async (
  {
    repository,
    branch,
    path,
    tokenFile,
    username,
    caFile,
  }: RepositoryAccess & { readonly repository: string; readonly branch: string; readonly path: string },
  folder: string,
  log: Log,
): Promise<Source> => {
  const [{ gitSource }, { tokenFile: tokenIn }] = await Promise.all([
    import("../../runtime/gitops/source/git-source.ts"),
    import("../../runtime/gitops/source/http/credentials.ts"),
  ]);
  return gitSource({
    url: repository,
    branch,
    path,
    folder,
    log,
    proxyEnv: process.env,
    ...(tokenFile !== undefined && { token: tokenIn(tokenFile) }),
    ...(username !== undefined && { username }),
    ...(caFile !== undefined && { caFile }),
  });
};

const settlingOf = async (
  { istiod, settleMs, settleTimeoutMs }: Settings,
  { istiodTokenFile }: IstiodAccess,
  { namespace, name }: ObjectRef,
): Promise<Orders["settling"]> => {
  const [{ istiodSettling, timedSettling }, { replicasOf }, { tokenFile }] = await Promise.all([
    import("../../runtime/gitops/rollout/settled.ts"),
    import("../../runtime/gitops/rollout/replicas.ts"),
    import("../../runtime/gitops/source/http/credentials.ts"),
  ]);
  if (istiod.length === 0) return () => timedSettling(settleMs);
  return (api, { rootNamespace }) =>
    istiodSettling({
      api,
      istiod: () => replicasOf(istiod),
      marker: { namespace: namespace ?? "default", name: `${name}-settled` },
      rootNamespace,
      timeoutMs: settleTimeoutMs,
      ...(istiodTokenFile !== undefined && { token: tokenFile(istiodTokenFile) }),
    });
};
