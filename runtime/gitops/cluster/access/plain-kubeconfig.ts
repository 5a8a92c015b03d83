import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { yamlDocuments, type YamlNode } from "../../../../compiler/yaml.ts";
import type { ClusterAccess, Credentials } from "./access.ts";

type Fields = ReadonlyMap<string, string>;

const ofClusters = new Set([
  ...["server", "tls-server-name", "certificate-authority", "certificate-authority-data"],
  ...["disable-compression", "extensions"],
]);
const ofUsers = new Set([
  "token",
  ...["client-certificate", "client-certificate-data", "client-key", "client-key-data"],
]);

/**
 * What a kubeconfig says where that takes no plugin and nothing else that is seldom: an address over TLS, and a token or a certificate.
 * Undefined of any other, and of one that is wrong: the library that knows them all is for those, and takes half a second to load.
 */
export const plainKubeconfig = async (
  file: string,
  context: string | undefined,
): Promise<ClusterAccess | undefined> => {
  const text = await readFile(file, "utf8").catch(() => undefined);
  const documents = text === undefined ? undefined : yamlDocuments({ file, text }).value;
  const [config] = documents?.length === 1 ? documents : [];
  const current = context ?? scalar(entry(config, "current-context"));
  const placed = fields(named(config, "contexts", "context", current));
  const cluster = fields(named(config, "clusters", "cluster", placed?.get("cluster")));
  const user = fields(named(config, "users", "user", placed?.get("user")));
  const server = cluster?.get("server");
  if (cluster === undefined || user === undefined || server === undefined) return undefined;
  const isPlain =
    [...cluster.keys()].every((key) => ofClusters.has(key)) &&
    [...user.keys()].every((key) => ofUsers.has(key)) &&
    // Which of two goes first is the library's to know.
    ["certificate-authority", "client-certificate", "client-key"].every(
      (key) => ![cluster, user].some((of) => of.has(key) && of.has(`${key}-data`)),
    ) &&
    URL.canParse(server) &&
    new URL(server).protocol === "https:";
  if (!isPlain) return undefined;

  const content = async (of: Fields, key: string): Promise<string | undefined> => {
    const [encoded, path] = [of.get(`${key}-data`), of.get(key)];
    if (encoded !== undefined) return Buffer.from(encoded, "base64").toString();
    return path === undefined ? undefined : readFile(resolve(dirname(file), path), "utf8");
  };
  const read = await Promise.all([
    content(cluster, "certificate-authority"),
    content(user, "client-certificate"),
    content(user, "client-key"),
  ]).catch(() => undefined);
  if (read === undefined) return undefined;
  const [ca, cert, key] = read;
  const [token, servername] = [user.get("token"), cluster.get("tls-server-name")];
  const credentials: Credentials = {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    tls: {
      ...(ca !== undefined && { ca }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(servername !== undefined && { servername }),
    },
  };
  return { server: new URL(server), namespace: placed?.get("namespace"), credentials: async () => credentials };
};

const entry = (node: YamlNode | undefined, key: string): YamlNode | undefined =>
  node?.kind === "map" ? node.entries.get(key)?.value : undefined;

const scalar = (node: YamlNode | undefined): string | undefined =>
  node?.kind === "scalar" && node.value !== null ? String(node.value) : undefined;

/** Of `[{ name: NAME, KEY: VALUE }]` the first value of a name. */
const named = (config: YamlNode | undefined, list: string, key: string, name: string | undefined) => {
  const items = entry(config, list);
  const found = items?.kind === "list" ? items.items.find((item) => scalar(entry(item, "name")) === name) : undefined;
  return name === undefined ? undefined : entry(found, key);
};

/** What is no scalar is the empty text. */
const fields = (node: YamlNode | undefined): Fields | undefined =>
  node?.kind !== "map"
    ? undefined
    : new Map(
        [...node.entries].flatMap(([key, { value }]) =>
          value.kind === "scalar" && value.value === null ? [] : [[key, scalar(value) ?? ""] as const],
        ),
      );
