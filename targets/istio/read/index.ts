import { diagnostic } from "../../../lib/diagnostics/catalog.ts";
import type { Staged } from "../../../lib/diagnostics/diagnostic.ts";
import { idOf, selects, type ServiceGraph } from "../../../lib/graph/graph.ts";
import { named } from "../../../lib/graph/named.ts";
import type { Platform } from "../../../lib/graph/platform.ts";
import { baseDestinations, baseWorkloads, defaultRoute, targetOf } from "../../../lib/model/base.ts";
import type {
  ClientTls,
  Destination,
  Gateway,
  GatewayListener,
  Host,
  Mesh,
  Scope,
  VirtualHost,
} from "../../../lib/model/mesh.ts";
import { wantingInVain } from "../../../lib/model/automatic-mtls.ts";
import { nameOf, type KubernetesObject } from "../object.ts";
import { schemaViolations } from "../schema/schema-violations.ts";
import { fields, items, number, originOf, spec, text, unreadable, type Node, type Reading } from "./reading.ts";
import { reportRivals, withoutRivals } from "./rivals.ts";
import { routesFor } from "./routes.ts";
import { authorization, mtlsRule } from "./security.ts";
import { labelsOf } from "./selector.ts";

/**
 * What Istio makes of these objects, by its own rules of resolution: the graph under the platform's defaults, then
 * what each object says. Names, labels and annotations of objects mean nothing here, as they mean nothing to Istio.
 * It reads what `emit` writes: whatever else an object says, and a second object about the same, is MESH5003, and then
 * there is no mesh.
 */
export const read = (
  objects: readonly KubernetesObject[],
  base: { readonly graph: ServiceGraph; readonly platform: Platform },
): Staged<Mesh> => {
  const { graph, platform } = base;
  const reading: Reading = { graph, platform, isMoment: false, diagnostics: [] };
  for (const object of objects) {
    for (const { path, message } of schemaViolations(object)) {
      reading.diagnostics.push(
        diagnostic(
          "MESH5004",
          { object: nameOf(object), at: path, violation: message },
          { place: { origin: originOf(object) } },
        ),
      );
    }
  }
  if (reading.diagnostics.length > 0) return { value: undefined, diagnostics: reading.diagnostics };
  reportRivals(objects, reading);
  return made(objects, reading);
};

/**
 * What Istio makes of the objects of one moment of a rollout, oldest first: of several that speak for the same the oldest
 * counts, and names may lead to what is not there yet. Schemas are not asked: they were, of the objects to come.
 */
export const readMoment = (
  objects: readonly KubernetesObject[],
  { graph, platform }: { readonly graph: ServiceGraph; readonly platform: Platform },
): Staged<Mesh> => made(withoutRivals(objects), { graph, platform, isMoment: true, diagnostics: [] });

const made = (objects: readonly KubernetesObject[], reading: Reading): Staged<Mesh> => {
  const { graph, platform } = reading;
  const of = (kind: string): readonly KubernetesObject[] => objects.filter((object) => object.kind === kind);
  const rules = of("VirtualService").map((object) => virtualService(object, reading));
  const destinations = readDestinations(of("ServiceEntry"), of("DestinationRule"), rules, reading);
  const mtls = of("PeerAuthentication").flatMap((object) => mtlsRule(object, reading));
  const meshMtls = mtls.some(({ selector }) => selector.kind === "mesh");
  const told = new Set(
    of("DestinationRule").flatMap(({ spec: { host, trafficPolicy } }) =>
      trafficPolicy === undefined || typeof host !== "string" ? [] : [host],
    ),
  );
  const mesh: Mesh = {
    platform,
    workloads: baseWorkloads(graph, platform),
    destinations,
    gateways: readGateways(of("Gateway"), rules, reading),
    authorizations: of("AuthorizationPolicy").flatMap((object) => authorization(object, reading)),
    // Nothing said for the mesh is PERMISSIVE (Istio, "PeerAuthentication").
    mtls: meshMtls
      ? mtls
      : [{ selector: { kind: "mesh" }, mode: "permissive", origin: { module: "platform", path: [] } }, ...mtls],
    scopes: withoutTaken(of("Sidecar").flatMap((object) => scopes(object, destinations, reading))),
  };
  const value: Mesh = {
    ...mesh,
    destinations: destinations.map((destination) =>
      told.has(destination.host) ? destination : asInferred(destination, mesh),
    ),
  };
  return { value: reading.diagnostics.length > 0 ? undefined : value, diagnostics: reading.diagnostics };
};

/** Callers that are not told go by what Istio infers. */
const asInferred = (destination: Destination, mesh: Mesh): Destination =>
  wantingInVain(destination, mesh).length > 0
    ? { ...destination, ports: destination.ports.map((port) => ({ ...port, tls: { mode: "plain" } })) }
    : destination;

interface VirtualServiceRule {
  readonly object: KubernetesObject;
  readonly hosts: readonly Host[];
  readonly gateways: readonly string[];
  readonly http: Node | undefined;
}

const virtualService = (object: KubernetesObject, reading: Reading): VirtualServiceRule => {
  const { hosts, gateways, http } = fields(spec(object), ["hosts", "gateways", "http"], reading);
  return {
    object,
    hosts: items(hosts).map(text),
    gateways: gateways === undefined ? ["mesh"] : items(gateways).map(text),
    http,
  };
};

const readDestinations = (
  entries: readonly KubernetesObject[],
  rules: readonly KubernetesObject[],
  virtualServices: readonly VirtualServiceRule[],
  reading: Reading,
): readonly Destination[] => {
  const { graph, platform } = reading;
  const all = [...baseDestinations(graph, platform), ...entries.flatMap((object) => externals(object, reading))].map(
    (destination) => {
      const rule = rules.find(({ spec: { host } }) => host === destination.host);
      // The oldest rule for a host would win; ours never write two.
      const routed = virtualServices.find(
        ({ hosts, gateways }) => gateways.includes("mesh") && hosts.includes(destination.host),
      );
      const ports =
        routed === undefined
          ? destination.ports
          : destination.ports.map((port) =>
              port.routes.length === 0 ? port : { ...port, routes: routesFor(routed.http, port.number, reading) },
            );
      return withRule({ ...destination, ports, subsets: [] }, rule, reading);
    },
  );
  return all.sort((a, b) => (a.host < b.host ? -1 : 1));
};

const externals = (object: KubernetesObject, reading: Reading): readonly Destination[] => {
  const { hosts, location, resolution, ports, endpoints } = fields(
    spec(object),
    ["hosts", "location", "resolution", "ports", "endpoints"],
    reading,
  );
  if (text(location) !== "MESH_EXTERNAL") unreadable(location ?? spec(object), reading);
  const addresses = items(endpoints).map((endpoint) => text(fields(endpoint, ["address"], reading).address));
  return items(hosts).map((host) => ({
    host: text(host),
    namespace: object.metadata.namespace,
    aliases: { anywhere: [], sameNamespace: [] },
    kind: "external",
    ports: items(ports).map((node) => {
      const port = fields(node, ["number", "name", "protocol", "targetPort"], reading);
      if (text(port.protocol) !== "HTTP") unreadable(port.protocol ?? node, reading);
      return {
        number: number(port.number),
        name: text(port.name),
        protocol: "http",
        target: port.targetPort === undefined ? number(port.number) : number(port.targetPort),
        tls: { mode: "mesh" },
        routes: [defaultRoute(text(host), number(port.number), reading.platform, originOf(object))],
      };
    }),
    subsets: [],
    workloads: [],
    resolution: text(resolution) === "DNS" ? "dns" : addresses,
    origin: originOf(object),
  }));
};

const withRule = (destination: Destination, rule: KubernetesObject | undefined, reading: Reading): Destination => {
  if (rule === undefined) return destination;
  const { trafficPolicy, subsets } = fields(spec(rule), ["host", "trafficPolicy", "subsets"], reading);
  const { tls } = fields(trafficPolicy, ["tls"], reading);
  const { mode, sni, caCertificates } = fields(tls, ["mode", "sni", "caCertificates"], reading);
  // The system's authorities are also what Istio takes where none are named.
  if (caCertificates !== undefined && text(caCertificates) !== "system") unreadable(caCertificates, reading);
  const clientTls = tls === undefined ? undefined : clientTlsOf(text(mode), sni);
  if (tls !== undefined && clientTls === undefined) unreadable(mode ?? tls, reading);
  return {
    ...destination,
    ports: clientTls === undefined ? destination.ports : destination.ports.map((port) => ({ ...port, tls: clientTls })),
    subsets: items(subsets).map((node) => {
      const { name, labels } = fields(node, ["name", "labels"], reading);
      const wanted = labelsOf(labels);
      const workloads = destination.workloads.filter((id) =>
        selects(wanted, named(reading.graph).workload(id)?.labels ?? {}),
      );
      return { name: text(name), labels: wanted, workloads };
    }),
  };
};

const clientTlsOf = (mode: string, sni: Node | undefined): ClientTls | undefined => {
  switch (mode) {
    case "SIMPLE":
      return { mode: "originate", sni: text(sni) };
    case "ISTIO_MUTUAL":
      return { mode: "mesh" };
    case "DISABLE":
      return { mode: "plain" };
    default:
      return undefined;
  }
};

const readGateways = (
  objects: readonly KubernetesObject[],
  virtualServices: readonly VirtualServiceRule[],
  reading: Reading,
): readonly Gateway[] => {
  const { graph } = reading;
  return graph.workloads
    .filter(({ proxy }) => proxy === "gateway")
    .flatMap((workload) => {
      const listeners = objects.flatMap((object): readonly GatewayListener[] => {
        const { selector, servers } = fields(spec(object), ["selector", "servers"], reading);
        // A Gateway's selector picks workloads in every namespace.
        if (!selects(labelsOf(selector), workload.labels)) return [];
        const bound = virtualServices.filter(({ gateways }) =>
          gateways.includes(`${object.metadata.namespace}/${object.metadata.name}`),
        );
        const read = items(servers);
        return read.map((server) => listener(server, idOf(workload), bound, reading));
      });
      const sorted = listeners.sort((a, b) => a.port - b.port);
      return sorted.length === 0
        ? []
        : [{ workload: idOf(workload), namespace: workload.namespace, labels: workload.labels, listeners: sorted }];
    });
};

const listener = (
  node: Node,
  workload: string,
  bound: readonly VirtualServiceRule[],
  reading: Reading,
): GatewayListener => {
  const { port, hosts } = fields(node, ["port", "hosts"], reading);
  const server = fields(port, ["number", "name", "protocol"], reading);
  if (text(server.protocol) !== "HTTP") unreadable(server.protocol ?? node, reading);
  const servicePort = number(server.number);
  const target = named(reading.graph)
    .servicesOf(workload)
    .flatMap((service) =>
      service.ports
        .filter((candidate) => candidate.number === servicePort)
        .map((candidate) => targetOf(service, candidate, reading.graph)),
    )[0];
  const virtualHosts = items(hosts).map((item): VirtualHost => {
    const [namespace = "", host = ""] = text(item).split("/");
    const rule = bound.find(
      ({ object, hosts: names }) => object.metadata.namespace === namespace && names.includes(host),
    );
    return rule === undefined
      ? { host, namespace, routes: [], origin: originOf(item.object) }
      : { host, namespace, routes: routesFor(rule.http, servicePort, reading), origin: originOf(rule.object) };
  });
  return {
    port: servicePort,
    target: target ?? servicePort,
    virtualHosts: virtualHosts.sort((a, b) => (a.host < b.host ? -1 : 1)),
  };
};

const scopes = (object: KubernetesObject, destinations: readonly Destination[], reading: Reading): readonly Scope[] => {
  const { workloadSelector, egress } = fields(spec(object), ["workloadSelector", "egress"], reading);
  const { labels } = fields(workloadSelector, ["labels"], reading);
  const wanted = labelsOf(labels);
  const known = new Map(destinations.map(({ host, namespace }) => [host, namespace]));
  const hosts = items(egress).flatMap((node) =>
    items(fields(node, ["hosts"], reading).hosts).flatMap((item) => {
      const [namespace = "", host = ""] = text(item).split("/");
      if (namespace === "~") return [];
      if (known.get(host) === namespace) return [host];
      if (!reading.isMoment) unreadable(item, reading);
      return [];
    }),
  );
  const { namespace, name } = object.metadata;
  const workloads = reading.graph.workloads
    .filter(
      (workload) =>
        workload.namespace === namespace && workload.proxy === "sidecar" && selects(wanted, workload.labels),
    )
    .map(idOf);
  return [{ selector: { kind: "workloads", namespace, labels: wanted, workloads, name }, hosts: hosts.sort() }];
};

/** Of several scopes that select a workload the first is its own (Istio, `sidecar.go`). */
const withoutTaken = (all: readonly Scope[]): readonly Scope[] => {
  const taken = new Set<string>();
  return all.map((scope) => {
    const workloads = scope.selector.workloads.filter((id) => !taken.has(id));
    for (const id of workloads) taken.add(id);
    return { ...scope, selector: { ...scope.selector, workloads } };
  });
};
