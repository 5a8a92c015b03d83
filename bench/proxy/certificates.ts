import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SpiffeId } from "../../lib/model/selector.ts";
import { authority, keyFolder } from "../../runtime/control/identity/index.ts";

export const trustDomain = "cluster.local";
export const proxyIdentity: SpiffeId = `spiffe://${trustDomain}/ns/shop/sa/gateway`;
export const backendIdentity: SpiffeId = `spiffe://${trustDomain}/ns/shop/sa/backend`;

/** A folder as `mesh-control join` keeps it, which the others read file by file. */
export interface Certificates {
  readonly folder: string;
  readonly chain: string;
  readonly key: string;
  readonly roots: string;
}

/** What all proxies prove themselves by, and what the backend does: of one authority. */
export const certificates = async (
  directory: string,
): Promise<{ readonly proxy: Certificates; readonly backend: Certificates }> => {
  const issuing = await authority({ store: keyFolder(join(directory, "root")), trustDomain, create: true });
  try {
    const roots = issuing.roots();
    const held = async (name: string, identity: SpiffeId): Promise<Certificates> => {
      const { certificateChain, privateKey } = await issuing.issued(identity);
      const folder = join(directory, name);
      const files = {
        chain: join(folder, "now/identity.crt"),
        key: join(folder, "now/identity.key"),
        roots: join(folder, "now/roots.crt"),
      };
      mkdirSync(join(folder, "now"), { recursive: true });
      symlinkSync("now", join(folder, "..data"));
      writeFileSync(files.chain, certificateChain);
      writeFileSync(files.key, privateKey, { mode: 0o600 });
      writeFileSync(files.roots, roots);
      return { folder, ...files };
    };
    return {
      proxy: await held("proxy-identity", proxyIdentity),
      backend: await held("backend-identity", backendIdentity),
    };
  } finally {
    issuing.close();
  }
};
