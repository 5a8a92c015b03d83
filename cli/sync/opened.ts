import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterApi } from "../../runtime/gitops/cluster/index.ts";
import { cluster, type ClusterOptions } from "./options.ts";

/**
 * Does work with a cluster and a folder in which commits are laid out: `state`, or a temporary one. However the work ends, and where the
 * cluster cannot be opened too, the connections are closed and a temporary folder is gone.
 */
export const opened = async <T>(
  { state, ...options }: ClusterOptions & { readonly state?: string },
  work: (api: ClusterApi, folder: string) => Promise<T>,
): Promise<T> => {
  const folder = state ?? (await mkdtemp(join(tmpdir(), "meshwright-sync-")));
  try {
    const api = await cluster(options);
    try {
      return await work(api, folder);
    } finally {
      await api.close();
    }
  } finally {
    if (state === undefined) await rm(folder, { recursive: true, force: true });
  }
};
