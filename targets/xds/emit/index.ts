import { carriesHttp } from "../../../lib/graph/protocol.ts";
import type { Instance } from "../../../lib/graph/placement.ts";
import { destinationsInScope } from "../../../lib/model/callable.ts";
import { reachable } from "../../../lib/model/coverage.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Destination, Gateway, Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";
import type { Backend } from "../../../lib/model/route.ts";
import type { ProxyResources, Resource } from "../resource.ts";
import { fallbackClusters, inboundUpstream, outboundUpstream } from "./clusters.ts";
import { gatewayListeners } from "./gateway.ts";
import { inboundListeners } from "./inbound.ts";
import { madeFor, type Made } from "./made.ts";
import { outboundCluster } from "./names.ts";
import { outboundListeners } from "./outbound.ts";
import { once, type Proxy } from "./proxy.ts";
import type { Surroundings } from "./surroundings.ts";
import { gatewayRouteTables, sidecarRoutes } from "./routes.ts";

/** What one Envoy is told, by the mesh and by where things run. Throws for a workload without a proxy: a bug of whoever asks. */
export const proxyResources = (
  mesh: Mesh,
  workload: MeshWorkload,
  instance: Instance | undefined,
  surroundings: Surroundings,
  made: Made = madeFor(mesh, surroundings),
): ProxyResources => {
  const proxy: Proxy = { mesh, workload, instance, surroundings, made };
  if (workload.proxy === "none") throw new Error(`${workload.id} has no proxy`);
  return workload.proxy === "gateway" ? gateway(proxy, lookup(mesh).gateway(workload.id)) : sidecar(proxy);
};

const sidecar = (proxy: Proxy): ProxyResources => {
  const { workload, instance } = proxy;
  const upstreams = [
    ...called(sidecarBackends(proxy), proxy),
    ...workload.ports.map(({ number, protocol }) =>
      once(proxy, workload, `inbound cluster ${number}`, () => inboundUpstream(number, protocol, proxy)),
    ),
    ...once(proxy, proxy.mesh.platform, "fallback clusters", fallbackClusters).filter(
      ({ cluster }) => instance?.loopback === undefined || cluster.message.type === "STATIC",
    ),
  ];
  return {
    cluster: byName(upstreams.map(({ cluster }) => cluster)),
    endpoints: byName(upstreams.flatMap(({ endpoints }) => endpoints)),
    listener: byName([...inboundListeners(proxy), ...outboundListeners(proxy)]),
    routes: byName(sidecarRoutes(proxy)),
  };
};

const gateway = (proxy: Proxy, told: Gateway | undefined): ProxyResources => {
  if (told === undefined) return { cluster: [], endpoints: [], listener: [], routes: [] };
  const backends = told.listeners.flatMap(({ virtualHosts }) =>
    virtualHosts.flatMap(({ routes }) => reachable(routes).flatMap((route) => route.backends)),
  );
  const upstreams = called(backends, proxy);
  return {
    cluster: byName(upstreams.map(({ cluster }) => cluster)),
    endpoints: byName(upstreams.flatMap(({ endpoints }) => endpoints)),
    listener: byName(gatewayListeners(told, proxy)),
    routes: byName(gatewayRouteTables(told)),
  };
};

/** What routes of the scope lead to, and ports that are forwarded whole. What nothing leads to would only cost memory. */
const sidecarBackends = (proxy: Proxy): readonly Backend[] =>
  destinationsInScope(proxy).flatMap((destination) =>
    once(proxy, destination, "backends", () => backendsOf(destination)),
  );

const backendsOf = ({ host, ports }: Destination): readonly Backend[] =>
  ports.flatMap(({ number, protocol, routes }) =>
    carriesHttp(protocol)
      ? reachable(routes).flatMap((route) => route.backends)
      : [{ host, port: number, subset: "any", weight: 1 }],
  );

const called = (backends: readonly Backend[], proxy: Proxy) => {
  const distinct = new Map(backends.map((backend) => [outboundCluster(backend), backend]));
  return [...distinct].flatMap(([name, backend]) => {
    const destination = lookup(proxy.mesh).destination(backend.host);
    return destination === undefined
      ? []
      : once(proxy, destination, `upstream ${name}`, () => outboundUpstream(backend, proxy));
  });
};

/** Two that have one name are the same one: headless services may share the addresses of their instances. */
const byName = <Message>(resources: readonly Resource<Message>[]): readonly Resource<Message>[] =>
  [...new Map(resources.map((resource) => [resource.name, resource])).values()].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
