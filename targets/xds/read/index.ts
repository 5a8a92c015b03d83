import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { baseDestinations, baseWorkloads } from "../../../lib/model/base.ts";
import type { Mesh, MeshWorkload, MtlsRule } from "../../../lib/model/mesh.ts";
import type { Reader } from "../../target.ts";
import type { ProxyConfiguration } from "../resource.ts";
import { authorizations } from "./access/filters.ts";
import { checkedClaim } from "./claims.ts";
import { asTold, externalDestinations, formOf } from "./destinations.ts";
import { proxyNode, type ProxyTold } from "./proxy.ts";
import { originOf, text, unreadable, type Reading } from "./reading.ts";
import { outboundName } from "./routes.ts";
import { scopeOf } from "./scopes.ts";
import { proxyTold } from "./told.ts";

/**
 * What the Envoys of a mesh do together, as a mesh: what one is told is held against what the others are, and against where
 * things run. Names of clusters are claims, checked by their endpoints. It reads what `emit` writes and what Istio's control
 * plane does; whatever else a resource says is MESH5003, and then there is no mesh.
 */
export const read: Reader<ProxyConfiguration> = (configurations, base) => {
  const reading: Reading = { ...base, diagnostics: [] };
  const { graph, platform } = base;
  const workloads = baseWorkloads(graph, platform);
  const told = toldByWorkload(configurations, workloads, reading);
  const proxies = [...told.values()].flatMap((all) => all);
  const modes = new Map([...told].map(([id, [first]]) => [id, first?.mode]));
  const byId = new Map(workloads.map((workload) => [workload.id, workload]));
  const takesMtls = (id: WorkloadId): boolean =>
    platform.autoMtls && byId.get(id)?.proxy === "sidecar" && modes.get(id) !== "disabled";
  const ofGraph = baseDestinations(graph, platform);
  const externals = externalDestinations(proxies, new Set(ofGraph.map(({ host }) => host)), reading);
  const known = new Map([...ofGraph, ...externals].map((destination) => [destination.host, destination]));
  const ways = proxies.flatMap(({ claims }) =>
    claims.flatMap((claim) => {
      const destination = known.get(claim.host);
      return destination === undefined || destination.kind === "external"
        ? []
        : checkedClaim(claim, destination, (id) => byId.get(id), takesMtls, reading);
    }),
  );
  missingAreUnknown(proxies, known, reading);
  const destinations = [...known.values()].map((destination) => asTold(destination, proxies, ways, reading));
  const firsts = [...told.values()].flatMap(([first]) => (first === undefined ? [] : [first]));
  const sidecars = firsts.filter(({ workload }) => workload.proxy === "sidecar");
  for (const all of told.values()) for (const one of all.slice(1)) scopeOf(one, (host) => known.get(host), reading);
  const value: Mesh = {
    platform,
    workloads,
    destinations: destinations.sort((a, b) => (a.host < b.host ? -1 : 1)),
    gateways: firsts.flatMap(({ workload: { id, namespace, labels }, gateway }) =>
      gateway.length === 0 ? [] : [{ workload: id, namespace, labels, listeners: gateway }],
    ),
    authorizations: firsts.flatMap(({ rules, workload, node }) => authorizations(rules, workload, node)),
    mtls: [
      { selector: { kind: "mesh" }, mode: "permissive", origin: { module: "platform", path: [] } },
      ...sidecars.flatMap(mtlsRule),
    ],
    scopes: sidecars.map((one) => scopeOf(one, (host) => known.get(host), reading)),
  };
  const { diagnostics } = reading;
  return { value: diagnostics.length > 0 ? undefined : value, diagnostics };
};

/** Each workload's copies, which must all be told the same: a mesh has one word for them. */
const toldByWorkload = (
  configurations: readonly ProxyConfiguration[],
  workloads: readonly MeshWorkload[],
  reading: Reading,
): ReadonlyMap<WorkloadId, readonly ProxyTold[]> => {
  const told = new Map<WorkloadId, readonly ProxyTold[]>();
  const proxied = workloads.filter(({ proxy }) => proxy !== "none");
  for (const configuration of configurations)
    if (!proxied.some(({ id }) => id === configuration.workload))
      unreadable({ value: undefined, at: "", object: `${configuration.workload} proxy` }, reading);
  for (const workload of proxied) {
    const all = configurations
      .filter((configuration) => configuration.workload === workload.id)
      .map((configuration) => proxyTold(configuration, workload, reading));
    const [first, ...others] = all.map(formOfTold);
    // Silence of a proxy that is there says nothing of what it does.
    if (first === undefined || others.some((form) => form !== first)) unreadable(proxyNode(workload), reading);
    told.set(workload.id, all);
  }
  return told;
};

const formOfTold = ({ tables, whole, mode, rules, gateway }: ProxyTold): string =>
  formOf([
    tables.map(({ host, port, routes }) => [host, port, routes]),
    [...new Set(whole.map(({ host, port }) => `${host}:${port}`))].sort(),
    mode,
    rules,
    gateway,
  ]);

/** Requests that are led to a cluster that is not there are answered with 503: as `decide` has it of what does not exist alone. */
const missingAreUnknown = (
  told: readonly ProxyTold[],
  known: ReadonlyMap<string, Mesh["destinations"][number]>,
  reading: Reading,
): void => {
  for (const { missing } of told)
    for (const node of missing) {
      const { host, port } = outboundName(text(node)) ?? { host: "", port: 0 };
      if (known.get(host)?.ports.some(({ number }) => number === port)) unreadable(node, reading);
    }
};

const mtlsRule = ({ workload: { id, namespace, labels }, mode, node }: ProxyTold): readonly MtlsRule[] =>
  mode === undefined
    ? []
    : [
        {
          selector: { kind: "workloads", namespace, labels, workloads: [id], name: id },
          mode,
          origin: originOf(node),
        },
      ];
