import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface KubeconfigOptions {
  readonly url: string;
  /** PEM of the certificate that the server's is believed by. */
  readonly authority: string;
  /** Who asks, as a kubeconfig says it: `{ token }` for one. */
  readonly user: object;
  readonly namespace?: string;
}

/** Writes a kubeconfig that knows one API server and one user; its file. */
export const kubeconfigIn = (folder: string, { url, authority, user, namespace }: KubeconfigOptions): string => {
  const file = join(folder, "kubeconfig");
  const cluster = { server: url, "certificate-authority-data": Buffer.from(authority).toString("base64") };
  const context = { cluster: "rig", user: "rig", ...(namespace !== undefined && { namespace }) };
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      "current-context": "rig",
      clusters: [{ name: "rig", cluster }],
      users: [{ name: "rig", user }],
      contexts: [{ name: "rig", context }],
    }),
    { mode: 0o600 },
  );
  return file;
};
