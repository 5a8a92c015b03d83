import type { Diagram, Listener, PathTree, ProxyConfig, VirtualHost } from "../../targets/native/config.ts";
import { noEdits } from "../../lib/model/route.ts";

/** A slip in what a proxy is told, or in how it reads it; the harness must notice each. */
export interface Distortion {
  readonly name: string;
  readonly distorted: (config: ProxyConfig) => ProxyConfig;
}

const listeners =
  (edit: (listener: Listener) => Listener) =>
  (config: ProxyConfig): ProxyConfig => ({ ...config, listeners: config.listeners.map(edit) });
const judging = (edit: (access: { deny: Diagram; allow?: Diagram }) => { deny: Diagram; allow?: Diagram }) =>
  listeners((one) => (one.kind === "inbound" || one.kind === "gateway" ? { ...one, access: edit(one.access) } : one));
const hosts = (edit: (host: VirtualHost) => VirtualHost) =>
  listeners((one) =>
    one.kind === "outbound-http" || one.kind === "gateway"
      ? { ...one, hosts: { ...one.hosts, virtualHosts: one.hosts.virtualHosts.map(edit) } }
      : one,
  );
const everywhere = (isIn: boolean, diagram: Diagram): Diagram => ({
  ...diagram,
  nodes: diagram.nodes.map(() => ({ connection: isIn, otherMethods: isIn, methods: {} })),
});
const trees = <Leaf>(tree: PathTree<Leaf>, edit: (node: PathTree<Leaf>) => PathTree<Leaf>): PathTree<Leaf> => {
  const { next, ...node } = edit(tree);
  return next === undefined
    ? node
    : { ...node, next: Object.fromEntries(Object.entries(next).map(([edge, to]) => [edge, trees(to, edit)])) };
};

export const distortions: readonly Distortion[] = [
  {
    name: "a denial denies nobody",
    distorted: judging((access) => ({ ...access, deny: everywhere(false, access.deny) })),
  },
  { name: "an allowance is forgotten", distorted: judging(({ deny }) => ({ deny })) },
  {
    name: "callers are not told apart",
    distorted: judging(({ deny, allow }) => ({
      deny: { ...deny, exact: {}, prefixes: {} },
      ...(allow && { allow: { ...allow, exact: {}, prefixes: {} } }),
    })),
  },
  {
    name: "an exact path is a prefix",
    distorted: hosts((host) => ({
      ...host,
      paths: trees(host.paths, ({ exact, ...node }) => (exact === undefined ? node : { ...node, under: exact })),
    })),
  },
  {
    name: "conditions on headers are forgotten",
    distorted: hosts((host) => ({
      ...host,
      paths: trees(host.paths, ({ exact, under, ...node }) => ({
        ...node,
        under: under.map((one) => ({ ...one, headers: [] })),
        ...(exact && { exact: exact.map((one) => ({ ...one, headers: [] })) }),
      })),
    })),
  },
  {
    name: "header edits are dropped",
    distorted: hosts((host) => ({
      ...host,
      routes: host.routes.map((route) =>
        "directResponse" in route
          ? { ...route, responseHeaders: noEdits }
          : { ...route, requestHeaders: noEdits, responseHeaders: noEdits },
      ),
    })),
  },
  { name: "paths are not normalised", distorted: (config) => ({ ...config, pathNormalization: "none" }) },
  {
    name: "a gateway knows hosts that it was not told of",
    distorted: listeners((one) =>
      one.kind === "gateway" ? { ...one, hosts: { ...one.hosts, suffix: { ...one.hosts.suffix, ".org": 0 } } } : one,
    ),
  },
  {
    name: "calls to unknown hosts pass",
    distorted: (config) => ({
      ...config,
      listeners: config.listeners.map((one) => (one.kind === "outbound-http" ? { ...one, unknownHosts: "pass" } : one)),
    }),
  },
  {
    name: "clusters have each other's endpoints",
    distorted: (config) => {
      const names = Object.keys(config.clusters);
      const all = Object.values(config.clusters);
      return {
        ...config,
        clusters: Object.fromEntries(names.map((name, index) => [name, all[(index + 1) % all.length]!])),
      };
    },
  },
  {
    name: "mTLS is not asked for",
    distorted: listeners((one) =>
      one.kind === "inbound" && one.mtls === "strict" ? { ...one, mtls: "permissive" } : one,
    ),
  },
];
