import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { diskReason } from "../../../../compiler/disk-reason.ts";
import { yamlDocuments } from "../../../../compiler/yaml.ts";
import { podAccess, type ClusterAccess, type Credentials } from "./access.ts";
import { ClusterError } from "../api.ts";
import { plainKubeconfig } from "./plain-kubeconfig.ts";

interface KubeconfigOptions {
  /** A kubeconfig file. */
  readonly file?: string;
  /** The file's current context when absent. */
  readonly context?: string;
  /** How long a plugin may take. */
  readonly timeoutMs?: number;
}

/**
 * As kubectl finds a cluster: the file that is named, those of `KUBECONFIG`, the pod's own access, `~/.kube/config`. The pod goes
 * before the home because a controller's image may carry any home. Throws a `ClusterError` in words.
 */
export const clusterAccess = async (options: KubeconfigOptions = {}): Promise<ClusterAccess> => {
  const named = options.file === undefined ? (process.env["KUBECONFIG"] ?? "").split(delimiter) : [options.file];
  const files = named.filter((file) => file !== "");
  if (files.length === 0 && options.context === undefined) {
    const pod = await podAccess();
    if (pod !== undefined) return pod;
  }
  return kubeconfigAccess(files.length === 0 ? [join(homedir(), ".kube", "config")] : files, options);
};

const kubeconfigAccess = async (files: readonly string[], options: KubeconfigOptions): Promise<ClusterAccess> => {
  const read = async (): Promise<ClusterAccess> =>
    (files.length === 1 ? await plainKubeconfig(files[0]!, options.context) : undefined) ??
    libraryAccess(files, options);
  let current = await read();
  return {
    server: current.server,
    namespace: current.namespace,
    async credentials({ fresh = false } = {}) {
      if (fresh) current = await read();
      return current.credentials();
    },
  };
};

const libraryAccess = async (
  files: readonly string[],
  { context, timeoutMs = 30_000 }: KubeconfigOptions,
): Promise<ClusterAccess> => {
  const config = await merged(files);
  if (context !== undefined) config.setCurrentContext(context);
  const name = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null || config.getCurrentUser() === null)
    throw unusable(
      `${files.join(", ")}: the context \`${name ?? ""}\` does not name a cluster and a user that are there`,
    );
  if (!URL.canParse(cluster.server)) throw unusable(`${files.join(", ")}: \`${cluster.server}\` is no address`);
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(name)?.namespace,
    credentials: () => within(timeoutMs, credentialsOf(config), "the kubeconfig's credential plugin"),
  };
};

/** The first file wins, as in kubectl. */
const merged = async (files: readonly string[]): Promise<KubeConfig> => {
  // Loaded where a kubeconfig needs it: it takes 60 MB of memory, which a controller in a pod need not pay.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const whole = new KubeConfig();
  for (const [index, file] of files.entries()) {
    const one = new KubeConfig();
    const text = await readFile(file, "utf8").catch((cause: unknown) => {
      throw unusable(`the kubeconfig ${file} cannot be read: ${diskReason(cause)}`, cause);
    });
    try {
      one.loadFromString(text);
      one.makePathsAbsolute(dirname(resolve(file)));
      tokenFilesNamed(one, text, file);
      if (index === 0) whole.loadFromOptions(one);
      else whole.mergeConfig(one, true);
    } catch {
      // The parser's own words may quote a key.
      throw unusable(`the kubeconfig ${file} is not one that Kubernetes' tools would read`);
    }
  }
  return whole;
};

/** The library knows `token-file`, and reads it once; the kubeconfig format says `tokenFile`, and its content changes. */
const tokenFilesNamed = (config: KubeConfig, text: string, path: string): void => {
  const users = yamlDocuments({ file: path, text }).value?.[0];
  const list = users?.kind === "map" ? users.entries.get("users")?.value : undefined;
  for (const item of list?.kind === "list" ? list.items : []) {
    if (item.kind !== "map") continue;
    const name = item.entries.get("name")?.value;
    const user = item.entries.get("user")?.value;
    const tokenFile = user?.kind === "map" ? user.entries.get("tokenFile")?.value : undefined;
    if (name?.kind !== "scalar" || tokenFile?.kind !== "scalar" || tokenFile.value === null) continue;
    config.users = config.users.map((known) =>
      known.name === name.value
        ? {
            ...known,
            authProvider: { name: "tokenFile", config: { tokenFile: resolve(dirname(path), String(tokenFile.value)) } },
          }
        : known,
    );
  }
};

const credentialsOf = async (config: KubeConfig): Promise<Credentials> => {
  const options: RequestOptions = { headers: {} };
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw unusable(reasonFor(config, error));
  }
  const proxy = config.getCurrentCluster()?.proxyUrl;
  if (proxy?.startsWith("socks"))
    throw unusable("the kubeconfig's `proxy-url` names a SOCKS proxy: only HTTP proxies are spoken to");
  const basic =
    options.auth === undefined || options.auth === null
      ? {}
      : { authorization: `Basic ${Buffer.from(options.auth).toString("base64")}` };
  const headers = Object.entries(options.headers as Record<string, string>).map(([key, value]) => [
    key.toLowerCase(),
    value.trim(),
  ]);
  return {
    headers: { ...basic, ...(Object.fromEntries(headers) as Record<string, string>) },
    tls: {
      ...pem("ca", options.ca),
      ...pem("cert", options.cert),
      ...pem("key", options.key),
      ...(options.servername === undefined ? {} : { servername: options.servername }),
      ...(options.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: options.rejectUnauthorized }),
    },
    ...(proxy === undefined || proxy === null ? {} : { proxy }),
  };
};

const pem = <K extends string>(name: K, value: unknown): Partial<Record<K, string>> =>
  typeof value === "string" || Buffer.isBuffer(value)
    ? ({ [name]: value.toString() } as Partial<Record<K, string>>)
    : {};

/** A plugin's output is never quoted: it may hold the token. */
const reasonFor = (config: KubeConfig, error: unknown): string => {
  const user = config.getCurrentUser();
  const command = (user?.exec as { readonly command?: string } | undefined)?.command;
  const { code, path, message } = error as NodeJS.ErrnoException;
  if (message.startsWith("HTTP protocol is not allowed"))
    return "the kubeconfig's server is plain HTTP, which would show credentials to everybody on the way";
  if (command !== undefined)
    return code === "ENOENT"
      ? `the kubeconfig's credential plugin \`${command}\` is not installed`
      : `the kubeconfig's credential plugin \`${command}\` gave no credential; run it by hand to see why`;
  return code === undefined
    ? "the kubeconfig gives no credentials"
    : `the kubeconfig gives no credentials: ${code} ${path ?? ""}`.trim();
};

const within = async <T>(ms: number, work: Promise<T>, who: string): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unusable(`${who} did not answer within ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

const unusable = (message: string, cause?: unknown): ClusterError =>
  new ClusterError(message, { kind: "unreachable", cause });
