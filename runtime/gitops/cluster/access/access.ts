import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { diskReason } from "../../../../compiler/disk-reason.ts";
import { ClusterError } from "../api.ts";

/** What shows an API server who asks, and what shows us that it is the API server. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: {
    /** PEM; what the machine trusts when absent. */
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  /** An HTTP proxy on the way. */
  readonly proxy?: string;
}

/** Where an API server is, and as whom to speak to it. */
export interface ClusterAccess {
  readonly server: URL;
  /** The namespace of the context, or of the pod. */
  readonly namespace: string | undefined;
  /** As files and plugins give them at this time; `fresh` forgets what is remembered of plugins. Rejects with a `ClusterError`. */
  readonly credentials: (options?: { readonly fresh?: boolean }) => Promise<Credentials>;
}

const mounted = "/var/run/secrets/kubernetes.io/serviceaccount";

/**
 * The access that every pod has (Kubernetes, "Accessing the API from a Pod"); undefined outside of a cluster. Its files are read
 * each time: both are replaced while a pod runs.
 */
export const podAccess = async (
  folder = mounted,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ClusterAccess | undefined> => {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = "443" } = environment;
  if (host === undefined) return undefined;
  const text = async (name: string): Promise<string> => {
    try {
      return (await readFile(join(folder, name), "utf8")).trim();
    } catch (cause) {
      throw new ClusterError(`the pod's own ${name} cannot be read from ${folder}: ${diskReason(cause)}`, {
        kind: "unreachable",
        cause,
      });
    }
  };
  return {
    server: new URL(`https://${isIP(host) === 6 ? `[${host}]` : host}:${port}`),
    namespace: await text("namespace").catch(() => undefined),
    credentials: async () => ({
      headers: { authorization: `Bearer ${await text("token")}` },
      tls: { ca: await text("ca.crt") },
    }),
  };
};
