import { idOf, type Service, type ServiceGraph, type Subset, type Workload } from "../../lib/graph/graph.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import { handleName } from "./handle-name.ts";

/** The first line of every module that we write: only files that begin with it are ever replaced or removed. */
export const handlesMarker = "// Written by `mesh-compile graph sync`; do not edit.";

/**
 * What policies import for one namespace. Every export has an explicit type: inferred ones make the type check of a
 * large mesh take three times as long.
 */
export const handleModule = (namespace: string, graph: ServiceGraph): string => {
  const services = graph.services.filter((service) => service.namespace === namespace);
  const workloads = graph.workloads.filter((workload) => workload.namespace === namespace);
  const gateways = workloads.filter(({ proxy }) => proxy === "gateway");
  const others = workloads.filter(({ proxy }) => proxy !== "gateway");
  const types = ["NamespaceHandle"];
  if (services.some(isHttp)) types.push("HttpServiceHandle");
  if (!services.every(isHttp)) types.push("TcpServiceHandle");
  if (others.length > 0) types.push("WorkloadHandle");
  if (gateways.length > 0) types.push("GatewayHandle");
  return [
    handlesMarker,
    `import type { ${types.sort().join(", ")} } from "meshwright";`,
    "",
    `/** The namespace ${namespace}. */`,
    `export const namespace: NamespaceHandle = { $kind: "namespace", $id: ${quoted(namespace)} };`,
    ...services.flatMap((service) => ["", ...serviceHandle(service)]),
    ...namedHandles(
      "workloads",
      "WorkloadHandle",
      others,
      (workload) => `{ $kind: "workload", $id: ${quoted(idOf(workload))} }`,
    ),
    ...namedHandles("gateways", "GatewayHandle", gateways, (gateway) => {
      const ports = services
        .filter(({ workloads: behind }) => behind.includes(idOf(gateway)))
        .flatMap((service) => service.ports.map(({ number }) => number));
      return `{ $kind: "gateway", $id: ${quoted(idOf(gateway))}, $ports: [${[...new Set(ports)].sort((a, b) => a - b).join(", ")}] }`;
    }),
    "",
  ].join("\n");
};

const isHttp = ({ ports }: Service): boolean => ports.some(({ protocol }) => carriesHttp(protocol));

const serviceHandle = (service: Service): readonly string[] => {
  const name = handleName(service.name);
  const id = quoted(idOf(service));
  const comment = `/** ${service.name}: ${described(service)}. */`;
  if (!isHttp(service))
    return [comment, `export const ${name}: TcpServiceHandle = { $kind: "tcp-service", $id: ${id} };`];
  const names = service.subsets.map((subset) => quoted(subset.name));
  return [
    comment,
    `export const ${name}: HttpServiceHandle${names.length > 0 ? `<${names.join(" | ")}>` : ""} = {`,
    '  $kind: "service",',
    `  $id: ${id},`,
    `  $subsets: [${names.join(", ")}],`,
    ...service.subsets.map((subset) => subsetHandle(subset, id)),
    "};",
  ];
};

const subsetHandle = ({ name }: Subset, service: string): string =>
  `  ${key(name)}: { $kind: "subset", $service: ${service}, $subset: ${quoted(name)} },`;

/** What the editor shows: enough to choose without opening the manifest. */
const described = ({ kind, ports, subsets, workloads }: Service): string =>
  [
    ...(kind === "cluster" ? [] : [kind]),
    ports.length === 0
      ? "no ports"
      : ports.map(({ number, name, protocol }) => `${number}${name === "" ? "" : ` "${name}"`} ${protocol}`).join(", "),
    ...(subsets.length === 0 ? [] : [`subsets ${subsets.map(({ name }) => name).join(", ")}`]),
    `${workloads.length === 1 ? "workload" : "workloads"} ${workloads.length === 0 ? "unknown" : workloads.map((id) => id.slice(id.indexOf("/") + 1)).join(", ")}`,
  ].join("; ");

const namedHandles = (
  name: string,
  type: string,
  workloads: readonly Workload[],
  handle: (workload: Workload) => string,
): readonly string[] => {
  if (workloads.length === 0) return [];
  return [
    "",
    `/** By the names that they have in the cluster. */`,
    `export const ${name}: {`,
    ...workloads.flatMap((workload) => [
      `  /** ${workload.kind}, runs as ${workload.serviceAccount}${workload.proxy === "none" ? ", has no proxy" : ""}. */`,
      `  readonly ${quoted(workload.name)}: ${type};`,
    ]),
    "} = {",
    ...workloads.map((workload) => `  ${quoted(workload.name)}: ${handle(workload)},`),
    "};",
  ];
};

const quoted = (text: string): string => JSON.stringify(text);
const key = (name: string): string => (/^[a-z][a-z0-9]*$/.test(name) ? name : quoted(name));
