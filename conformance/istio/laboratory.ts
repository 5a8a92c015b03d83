import { idOf, type ServiceGraph, type Workload as GraphWorkload } from "../../lib/graph/graph.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Plan as ServerPlan, RigRequest, RigResponse } from "../rig/agent/protocol.ts";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import type { KubeObject } from "../rig/kube.ts";
import { keyOf, type Rig } from "../rig/rig.ts";
import type { Workload } from "../rig/workload.ts";
import { manifests, serviceAddresses } from "./manifests.ts";
import { servedHeaders, type Observed } from "./oracle/observation.ts";

/** What a server of the rig is told to do with the requests that carry this order. */
export interface Plan {
  /** Answer every attempt with this status. */
  readonly status?: number;
  /** Milliseconds before it answers. */
  readonly delay?: number;
}

export interface Trial {
  readonly call: Call;
  readonly plan?: Plan;
}

/** The real systems under one mesh after another. */
export interface Laboratory {
  /** Where somebody stands who is not in any graph: he calls gateways, and serves what is external. */
  readonly outside: Workload;
  /** Runs exactly this graph's workloads under exactly these objects; returns when every proxy works by them. */
  readonly set: (graph: ServiceGraph, objects: readonly KubernetesObject[]) => Promise<void>;
  /**
   * The same graph under other objects, as a cluster is updated: what stays is not taken away first, and no pod restarts.
   * Returns as `set` does.
   */
  readonly update: (graph: ServiceGraph, objects: readonly KubernetesObject[]) => Promise<void>;
  readonly pod: (id: string) => Workload;
  /** Sends trials from the workloads that they name, and tells what each caller saw, in order. */
  readonly send: (trials: readonly Trial[]) => Promise<readonly Observed[]>;
}

/** The ports on which the one outside serves: what random meshes call with HTTP, and HTTPS for what is external. */
const outsidePorts = [
  ...[80, 7000, 8000, 8090, 9080].map((number) => ({ number, protocol: "http" as const })),
  ...[443, 8443].map((number) => ({ number, protocol: "https" as const })),
];

export const laboratory = async (rig: Rig, externalHosts: readonly string[]): Promise<Laboratory> => {
  const outside = await rig.startWorkload({
    name: "world",
    namespace: "outside",
    labels: {},
    ports: outsidePorts,
    kind: "none",
    tlsNames: externalHosts,
    inCluster: false,
  });
  rig.setHosts(Object.fromEntries(externalHosts.map((host) => [host, outside.address])));
  const pods = new Map<string, Workload>();
  let addresses: ReadonlyMap<string, string> = new Map();
  let applied: readonly KubeObject[] = [];
  let serial = 0;

  const pod = (id: string): Workload => {
    const found = id === "outside" ? outside : pods.get(id);
    if (found === undefined) throw new Error(`no pod runs as ${id}`);
    return found;
  };

  const set = async (graph: ServiceGraph, objects: readonly KubernetesObject[]): Promise<void> => {
    await rig.clear();
    const wanted = new Map(graph.workloads.map((workload) => [idOf(workload), workload]));
    const surplus = [...pods].filter(([id]) => !wanted.has(id));
    await Promise.all(surplus.map(([, running]) => running.stop()));
    for (const [id] of surplus) pods.delete(id);
    addresses = serviceAddresses(graph);
    applied = await rig.apply(installed(graph, objects));
    const missing = [...wanted].filter(([id]) => !pods.has(id));
    const started = await Promise.all(
      missing.map(async ([id, workload]) => [id, await rig.startWorkload(specOf(workload, graph))] as const),
    );
    for (const [id, running] of started) pods.set(id, running);
    await rig.settle();
  };

  const update = async (graph: ServiceGraph, objects: readonly KubernetesObject[]): Promise<void> => {
    const wanted = installed(graph, objects);
    const staying = new Set(wanted.map(keyOf));
    await rig.delete(applied.filter((object) => !staying.has(keyOf(object))));
    applied = await rig.apply(wanted);
    await rig.settle();
  };

  const addressOf = ({ to }: Call): string => {
    if (to.kind === "elsewhere") return outside.address;
    if (to.kind === "workload") return pod(to.workload).address;
    if (externalHosts.includes(to.host)) return outside.address;
    const [name = "", namespace = ""] = to.host.split(".");
    const address = addresses.get(`${namespace}/${name}`);
    if (address === undefined) throw new Error(`${to.host} has no address`);
    return address;
  };

  const send = async (trials: readonly Trial[]): Promise<readonly Observed[]> => {
    const observed: Observed[] = Array.from({ length: trials.length });
    const bySender = new Map<string, number[]>();
    trials.forEach(({ call }, index) => bySender.set(call.from, [...(bySender.get(call.from) ?? []), index]));
    await Promise.all(
      [...bySender].map(async ([from, indices]) => {
        const sender = pod(from);
        const http = indices.filter((index) => trials[index]!.call.request !== "connection");
        const bytes = indices.filter((index) => trials[index]!.call.request === "connection");
        const requests = http.map((index): RigRequest => {
          serial += 1;
          return requestOf(trials[index]!, addressOf(trials[index]!.call), serial);
        });
        const responses = await sender.send(requests);
        responses.forEach((response, position) => (observed[http[position]!] = seen(response)));
        const answers = await sender.sendTcp(
          bytes.map((index) => ({
            to: addressOf(trials[index]!.call),
            port: trials[index]!.call.port,
            data: "hello\n",
          })),
        );
        answers.forEach((answer, position) => {
          const data = answer.kind === "data" ? answer.data.trim() : "";
          observed[bytes[position]!] =
            data === ""
              ? { kind: "failed", reason: answer.kind === "error" ? answer.reason : "closed" }
              : { kind: "connected", workload: data };
        });
      }),
    );
    return observed;
  };

  return { outside, set, update, pod, send };
};

const installed = (graph: ServiceGraph, objects: readonly KubernetesObject[]): readonly KubeObject[] =>
  [...manifests(graph), ...objects] as unknown as readonly KubeObject[];

const specOf = (workload: GraphWorkload, graph: ServiceGraph) => {
  const served = new Map<number, "http" | "tcp">();
  for (const service of graph.services) {
    if (!service.workloads.includes(idOf(workload))) continue;
    for (const port of service.ports) served.set(Number(port.target), port.protocol === "tcp" ? "tcp" : "http");
  }
  // Random meshes move target ports about; a pod serves all of them, so that it can stay from one mesh to the next.
  if ([...served.values()].includes("http")) {
    for (const number of [8080, 8081, 8082]) served.set(number, "http");
    if (workload.proxy !== "gateway") served.set(9100, "tcp");
  }
  return {
    name: workload.name,
    namespace: workload.namespace,
    labels: workload.labels,
    serviceAccount: workload.serviceAccount,
    ports: [...served].map(([number, protocol]) => ({ number, protocol })),
    kind: workload.proxy,
  };
};

const requestOf = ({ call, plan }: Trial, to: string, serial: number): RigRequest => {
  if (call.request === "connection") throw new Error("unreachable: connections are sent as bytes");
  const { method, target, host, headers } = call.request;
  const order: ServerPlan = {
    headers: servedHeaders,
    ...(plan?.status !== undefined && { status: plan.status }),
    ...(plan?.delay !== undefined && { delayMs: plan.delay }),
  };
  return {
    to,
    port: call.port,
    method,
    target,
    headers: [["Host", host], ...headers, ["x-rig-id", String(serial)], ["x-rig-plan", JSON.stringify(order)]],
  };
};

const seen = (response: RigResponse): Observed => {
  if (response.kind === "error") return { kind: "failed", reason: response.reason };
  const lower = (headers: readonly (readonly [string, string])[]) =>
    headers.map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    kind: "response",
    status: response.status,
    headers: lower(response.headers),
    ...(response.echo && { echo: { ...response.echo, headers: lower(response.echo.headers) } }),
  };
};
