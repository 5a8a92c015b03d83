import { chmodSync, chownSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { authority, keyFolder, type Authority } from "../../runtime/control/identity/index.ts";
import { writtenIdentity } from "../../runtime/control/identity/join/files.ts";
import { proxyUser } from "./network.ts";
import { spiffeId, trustDomain, type Pod } from "./workload.ts";

/** Who is who in the mesh of a run, whichever plane feeds it: our own authority, whose keys the processes of a plane open too. */
export interface MeshAuthority {
  /** Where its keys lie: below a folder that `mesh-control` takes as its state. */
  readonly folder: string;
  readonly authority: Authority;
  /** The folder of a pod, with an identity as `mesh-control join` would leave it for the pod's Envoy; issued anew when asked again. */
  readonly identityFolder: (pod: Pod, asked?: { readonly lifetimeMs?: number }) => Promise<string>;
  /** Every private key that was written or issued here, as PEM: what must never be seen anywhere else. */
  readonly keys: () => Promise<readonly string[]>;
}

export const meshAuthority = async (directory: string): Promise<MeshAuthority> => {
  const [folder, identities] = [join(directory, "authority", "keys"), join(directory, "identities")];
  for (const made of [folder, identities]) mkdirSync(made, { recursive: true, mode: 0o700 });
  // Envoys pass through to their own.
  chmodSync(identities, 0o755);
  const store = keyFolder(folder);
  const root = await authority({ store, trustDomain, create: true });
  const issued: string[] = [];
  return {
    folder,
    authority: root,
    async identityFolder(pod, asked) {
      const own = join(identities, `${pod.pod}.${pod.spec.namespace}`);
      mkdirSync(own, { recursive: true });
      const { certificateChain, privateKey } = await root.issued(spiffeId(pod.spec), asked);
      issued.push(privateKey);
      await writtenIdentity(own, { certificateChain, privateKey: () => privateKey, roots: root.roots() });
      ownedByProxy(own);
      return own;
    },
    async keys() {
      const held = await store.read();
      return [
        ...issued,
        ...(held?.names ?? []).filter((name) => name.endsWith(".key")).map((name) => held?.text(name) ?? ""),
      ];
    },
  };
};

/** Whoever fills the folder is root, and Envoy is not. */
const ownedByProxy = (folder: string): void => {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }))
    chownSync(join(folder, name), proxyUser, proxyUser);
  chownSync(folder, proxyUser, proxyUser);
  chmodSync(folder, 0o700);
};
