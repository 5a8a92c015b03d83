import { idOf, type ServiceGraph } from "../../lib/graph/graph.ts";
import type { Call } from "../../lib/model/call.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import type { Rig } from "../rig/rig.ts";
import type { Workload } from "../rig/workload.ts";
import { pods } from "./pods.ts";
import { sender, type Sender } from "./sender.ts";

/** The real systems under one mesh after another, whichever control plane feeds them. */
export interface Laboratory {
  /** Where somebody stands who is not in any graph: he calls gateways, and serves what is external. */
  readonly outside: Workload;
  /** A pod of the cluster without a proxy, which no graph knows. */
  readonly bare: Workload;
  /** Runs exactly this graph's workloads under exactly this mesh; returns when every proxy works by it. */
  readonly set: (graph: ServiceGraph, mesh: Mesh) => Promise<void>;
  /**
   * The same graph under another mesh, as a running system is updated: what stays is not taken away first, and no pod
   * restarts. Returns as `set` does.
   */
  readonly update: (graph: ServiceGraph, mesh: Mesh) => Promise<void>;
  readonly pod: (id: string) => Workload;
  readonly send: Sender;
}

/** How a control plane is told of a mesh; that it works is waited for elsewhere. */
export interface Telling {
  /** Whatever was told before is void. */
  readonly set: (graph: ServiceGraph, mesh: Mesh) => Promise<void>;
  /** What of the mesh before also stands in this one stays in force throughout. */
  readonly update: (graph: ServiceGraph, mesh: Mesh) => Promise<void>;
}

/** The ports on which the one outside serves: what random meshes call with HTTP, and HTTPS for what is external. */
const outsidePorts = [
  ...[80, 7000, 8000, 8090, 9080].map((number) => ({ number, protocol: "http" as const })),
  ...[443, 8443].map((number) => ({ number, protocol: "https" as const })),
];

/** The laboratory on a rig whose control plane is told of meshes in its own way. */
export const laboratory = async (
  rig: Pick<Rig, "startWorkload" | "setHosts" | "settle">,
  externalHosts: readonly string[],
  told: Telling,
): Promise<Laboratory> => {
  const [outside, bare] = await Promise.all([
    rig.startWorkload({
      name: "world",
      namespace: "outside",
      labels: {},
      ports: outsidePorts,
      kind: "none",
      tlsNames: externalHosts,
      inCluster: false,
    }),
    rig.startWorkload({ name: "bare", namespace: "unmeshed", labels: { app: "bare" }, ports: [], kind: "none" }),
  ]);
  rig.setHosts(Object.fromEntries(externalHosts.map((host) => [host, outside.address])));
  const running = pods(rig);
  let addresses: ReadonlyMap<string, string> = new Map();

  const pod = (id: string): Workload => {
    const found = id === "outside" ? outside : running.get(id);
    if (found === undefined) throw new Error(`no pod runs as ${id}`);
    return found;
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

  return {
    outside,
    bare,
    async set(graph, mesh) {
      await running.withdraw(graph);
      addresses = serviceAddresses(graph);
      // Before pods start, so that none is an unknown to its control plane.
      await told.set(graph, mesh);
      await running.complete(graph);
      await rig.settle();
    },
    async update(graph, mesh) {
      await told.update(graph, mesh);
      await rig.settle();
    },
    pod,
    send: sender({ pod, addressOf }),
  };
};

/** By which services are called, from the range that the API server of Istio's rig hands out; in the graph's order. */
export const serviceAddresses = (graph: ServiceGraph): ReadonlyMap<string, string> =>
  new Map(graph.services.map((service, index) => [idOf(service), `10.96.7.${index + 1}`]));
