import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { baseDestinations, baseWorkloads } from "../../../lib/model/base.ts";
import type { Destination, Host, Mesh, MeshWorkload, MtlsRule } from "../../../lib/model/mesh.ts";
import type { Reader } from "../../target.ts";
import { configViolations } from "../config-shape.ts";
import type { InstanceConfig } from "../instance-config.ts";
import { authorizations } from "./access.ts";
import { checkedClaim } from "./claims.ts";
import { asTold, externalDestinations } from "./destinations.ts";
import type { ProxyTold } from "./proxy.ts";
import { below, formOf, originOf, settled, unreadable, type Place, type Reading } from "./reading.ts";
import { scopeOf } from "./scopes.ts";
import { proxyTold } from "./told.ts";

/**
 * What the project's own proxies do together, as a mesh: what one is told is held against what the others are, and against
 * where things run. Names of clusters are claims, checked by their endpoints. Of a workload that runs nowhere nobody is told
 * anything. Whatever cannot be said in a mesh is MESH5003, and then there is none.
 */
export const read: Reader<InstanceConfig> = (configs, base) => {
  const reading: Reading = { ...base, diagnostics: [] };
  const { graph, platform } = base;
  const workloads = baseWorkloads(graph, platform);
  const byId = new Map(workloads.map((workload) => [workload.id, workload]));
  const ofGraph = baseDestinations(graph, platform);
  const told = toldByWorkload(configs, workloads, ofGraph, reading);
  const proxies = [...told.values()].flat();
  const takesMtls = (id: WorkloadId): boolean =>
    platform.autoMtls && byId.get(id)?.proxy === "sidecar" && told.get(id)?.[0]?.mode !== "disabled";
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
  const scopes = new Map(proxies.map((one) => [one, scopeOf(one, (host) => known.get(host), reading)]));
  const value: Mesh = {
    platform,
    workloads,
    destinations: destinations.sort((a, b) => (a.host < b.host ? -1 : 1)),
    gateways: firsts.flatMap(({ workload: { id, namespace, labels }, gateway }) =>
      gateway.length === 0 ? [] : [{ workload: id, namespace, labels, listeners: gateway }],
    ),
    authorizations: firsts.flatMap(({ rules, workload, place }) => authorizations(rules, workload, place)),
    mtls: [
      { selector: { kind: "mesh" }, mode: "permissive", origin: { module: "platform", path: [] } },
      ...firsts.flatMap(mtlsRule),
    ],
    scopes: workloads
      .filter(({ proxy }) => proxy === "sidecar")
      .map((workload) => {
        const first = told.get(workload.id)?.[0];
        return (first && scopes.get(first)) ?? { selector: selectorOf(workload), hosts: [] };
      }),
  };
  const { diagnostics } = reading;
  return { value: diagnostics.length > 0 ? undefined : value, diagnostics };
};

const placeOf = ({ workload, instance }: Pick<InstanceConfig, "workload" | "instance">): Place => ({
  object: `${workload} proxy ${instance}`,
  at: "",
});

/** Each workload's copies, which must all be told the same: a mesh has one word for them. */
const toldByWorkload = (
  configs: readonly InstanceConfig[],
  workloads: readonly MeshWorkload[],
  destinations: readonly Destination[],
  reading: Reading,
): ReadonlyMap<WorkloadId, readonly ProxyTold[]> => {
  const left = new Set(configs);
  const told = new Map<WorkloadId, readonly ProxyTold[]>();
  for (const workload of workloads.filter(({ proxy }) => proxy !== "none")) {
    const instances = reading.placement.instances[workload.id] ?? [];
    const all = instances.flatMap((instance, index): readonly ProxyTold[] => {
      const config = configs.find((one) => one.workload === workload.id && one.instance === index);
      const place = placeOf({ workload: workload.id, instance: index });
      // Silence of a proxy that is there says nothing of what it does.
      if (config === undefined) unreadable(place, reading);
      if (config === undefined || !left.delete(config)) return [];
      const violations = configViolations(config.config);
      if (violations.length === 0) return [proxyTold(config, place, { ...reading, workload, instance, destinations })];
      unreadable(place, reading);
      return [];
    });
    const [first, ...others] = all;
    for (const one of others) settled(formOfTold(one) === formOfTold(first), one.place, reading);
    told.set(workload.id, all);
  }
  for (const config of left) unreadable(placeOf(config), reading);
  return told;
};

const formOfTold = (told: ProxyTold | undefined): string =>
  formOf([
    told?.tables,
    [...new Set(told?.whole.map(({ host, port }) => `${host}:${port}`))].sort(),
    told?.mode,
    told?.rules,
    told?.gateway,
  ]);

/** Requests that are led to a cluster that is not there are answered with 503: as `decide` has it of what does not exist alone. */
const missingAreUnknown = (
  told: readonly ProxyTold[],
  known: ReadonlyMap<Host, Destination>,
  reading: Reading,
): void => {
  for (const { missing, place } of told)
    for (const { host, port } of missing)
      settled(known.get(host)?.ports.some(({ number }) => number === port) !== true, below(place, "clusters"), reading);
};

const selectorOf = ({ id, namespace, labels }: MeshWorkload) =>
  ({ kind: "workloads", namespace, labels, workloads: [id], name: id }) as const;

const mtlsRule = ({ workload, mode, place }: ProxyTold): readonly MtlsRule[] =>
  mode === undefined ? [] : [{ selector: selectorOf(workload), mode, origin: originOf(place) }];
