import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { basename, join, relative, resolve } from "node:path";
import type { Platform } from "../../lib/graph/platform.ts";
import { idOf } from "../../lib/graph/graph.ts";
import { identityOf } from "../../lib/model/base.ts";
import { readSnapshot } from "../../compiler/snapshot/read-snapshot.ts";
import type { KeyStore } from "../../runtime/control/identity/index.ts";
import type { Log } from "../../runtime/log/log.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";

export interface StateOptions {
  readonly mesh: string;
  readonly state?: string;
  /** `namespace/name` of the Kubernetes secret that holds the roots. */
  readonly rootsSecret?: string;
}

/**
 * Where a control plane keeps what it must not forget. Never in the mesh folder: whoever may write policies there would be
 * the certificate authority, and who commits it would publish the keys.
 */
const ownFolder = (mesh: string): string => {
  const home = process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state");
  const folder = resolve(mesh);
  const name = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  return join(home, "meshwright", `${basename(folder)}-${name}`);
};

/** By default a folder of this user, apart for each mesh folder. Throws for one inside of the mesh folder. */
export const stateFolders = ({ mesh, state = ownFolder(mesh) }: StateOptions) => {
  if (!relative(resolve(mesh), resolve(state)).startsWith(".."))
    throw new Error(`--state ${state} lies in the mesh folder, where whoever writes policies could write keys`);
  return foldersIn(state);
};

const foldersIn = (state: string) => ({
  /** Holds `roots.crt`, which clients pin. */
  public: state,
  keys: join(state, "keys"),
  tokens: join(state, "tokens"),
  /** How long certificates live: `root` waits for them. */
  lifetimes: join(state, "lifetimes.json"),
});

/** Where the roots are: in the state folder, or in a secret of the cluster that this runs in. */
export const rootsStore = async (options: StateOptions, log?: Log): Promise<KeyStore> => {
  const { inClusterAccess, keyFolder, keySecret, kubernetesApi } =
    await import("../../runtime/control/identity/index.ts");
  if (options.rootsSecret === undefined) return keyFolder(stateFolders(options).keys, log);
  const access = await inClusterAccess();
  if (access === undefined)
    throw new Error("--roots-secret: this process runs in no cluster that it was given an account of");
  const [namespace = "", name = ""] = options.rootsSecret.split("/");
  return keySecret(kubernetesApi(access), { namespace, name });
};

/** The platform of a mesh folder, and the identity of one of its workloads. Throws in words. */
export const knownWorkload = async (
  mesh: string,
  workload: string,
): Promise<{ readonly platform: Platform; readonly identity: string }> => {
  const { value, diagnostics } = await readSnapshot(mesh);
  if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  const found = value.graph.workloads.find((one) => idOf(one) === workload);
  if (found !== undefined) return { platform: value.platform, identity: identityOf(found, value.platform) };
  const near = nearest(workload, value.graph.workloads.map(idOf));
  throw new Error(`the graph has no workload ${workload}${near === undefined ? "" : `; did you mean ${near}?`}`);
};
