import type { Origin } from "../../lib/diagnostics/origin.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { Subject } from "../../lib/intent/index.ts";
import type { Selector } from "../../lib/model/mesh.ts";
import { reportUnknown, type Context } from "./context.ts";

/** The workloads that a policy speaks of, if the graph has any. */
export const selectorOf = (about: Subject, context: Context): Selector | undefined => {
  switch (about.$kind) {
    case "namespace":
      return { kind: "namespace", namespace: about.$id };
    case "workload":
    case "gateway": {
      const workload = context.workload(about.$id);
      if (workload === undefined) return undefined;
      return {
        kind: "workloads",
        namespace: workload.namespace,
        labels: workload.labels,
        workloads: [about.$id],
        name: `${workload.name}.workload`,
      };
    }
    case "service":
    case "tcp-service": {
      const service = context.service(about.$id);
      if (service === undefined || service.workloads.length === 0) return undefined;
      return {
        kind: "workloads",
        namespace: service.namespace,
        labels: service.selector,
        workloads: service.workloads,
        name: service.name,
      };
    }
  }
};

/** Reports a policy about something that is not in the graph. */
export const reportUnknownSubject = (about: Subject, origin: Origin, context: Context): void => {
  const kind = about.$kind === "tcp-service" ? "service" : about.$kind;
  const { graph } = context;
  // A handle made by hand can be of another kind than the graph's own: two policies could be about one thing.
  const exists = {
    namespace: () => graph.namespaces.some(({ name }) => name === about.$id),
    workload: () => ["sidecar", "none"].includes(context.workload(about.$id)?.proxy ?? ""),
    gateway: () => context.workload(about.$id)?.proxy === "gateway",
    service: () =>
      context.service(about.$id)?.ports.some(({ protocol }) => carriesHttp(protocol)) === (about.$kind === "service"),
  }[kind];
  if (about.$kind === "namespace" && about.$id === context.platform.rootNamespace)
    context.report("MESH3014", { namespace: about.$id }, origin);
  if (kind === "service" && context.service(about.$id)?.kind === "external-name")
    context.report("MESH4057", { service: about.$id }, origin);
  if (exists()) return;
  reportUnknown(kind, about.$id, origin, context);
};

/** Reports an intent on behalf of a namespace that is not in the graph. */
export const reportUnknownNamespace = (name: string, origin: Origin, context: Context): void => {
  if (!context.graph.namespaces.some((namespace) => namespace.name === name))
    reportUnknown("namespace", name, origin, context);
};
