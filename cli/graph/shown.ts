import type { Service, ServiceGraph, Workload } from "../../lib/graph/graph.ts";
import { table, type Row } from "./table.ts";

/** The graph for people: for each namespace its services, then its workloads. */
export const shownGraph = (graph: ServiceGraph, columns: number): string =>
  graph.namespaces
    .flatMap(({ name }) => {
      const services = graph.services.filter(({ namespace }) => namespace === name);
      const workloads = graph.workloads.filter(({ namespace }) => namespace === name);
      const tables = [
        ...(services.length === 0
          ? []
          : [table(["SERVICE", "PORTS", "SUBSETS", "WORKLOADS"], services.map(serviceRow), columns - 2)]),
        ...(workloads.length === 0
          ? []
          : [table(["WORKLOAD", "KIND", "ACCOUNT", "PROXY"], workloads.map(workloadRow), columns - 2)]),
      ];
      return tables.length === 0 ? [] : [`${name}\n${tables.map(indented).join("\n")}`];
    })
    .join("\n");

const serviceRow = ({ name, kind, ports, subsets, workloads }: Service): Row => [
  [name, ...(kind === "cluster" ? [] : [`(${kind})`])],
  ports.map(({ number, protocol, target }) => `${number} ${protocol}${target === number ? "" : ` → ${target}`}`),
  subsets.map((subset) => subset.name),
  workloads.map((id) => id.slice(id.indexOf("/") + 1)),
];

const workloadRow = ({ name, kind, serviceAccount, proxy, excludedPorts }: Workload): Row => [
  [name],
  [kind],
  [serviceAccount],
  [proxy, ...excluded("in", excludedPorts.inbound), ...excluded("out", excludedPorts.outbound)],
];

const excluded = (way: string, ports: readonly number[]): readonly string[] =>
  ports.length === 0 ? [] : [`not ${way}: ${ports.join(", ")}`];

const indented = (text: string): string => text.replace(/^(?=.)/gm, "  ");
