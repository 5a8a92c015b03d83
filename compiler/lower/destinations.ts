import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import { idOf, type Service } from "../../lib/graph/graph.ts";
import type { External, ServicePolicy } from "../../lib/intent/index.ts";
import { baseDestination, defaultRoute } from "../../lib/model/base.ts";
import type { Destination } from "../../lib/model/mesh.ts";
import type { Context } from "./context.ts";
import { duration } from "./duration.ts";
import type { Authored } from "./intents.ts";
import { retries } from "./retries.ts";
import { serviceRoutes } from "./routes.ts";

/** Everything that can be called: the graph's services and the external ones, with their routes. */
export const destinations = (context: Context): readonly Destination[] => {
  const policies = new Map(
    context.intents.policies.flatMap((authored) =>
      authored.intent.about.$kind === "service" ? [[authored.intent.about.$id, authored] as const] : [],
    ),
  );
  const services = context.graph.services
    .filter(({ kind }) => kind !== "external-name")
    .map((service) => {
      const policy = policies.get(idOf(service));
      const routes = (policy?.intent.intent as ServicePolicy | undefined)?.routes ?? [];
      const origin = policy?.origin ?? { module: service.source, path: [] };
      return context.remembered("destination", policy ?? service, () =>
        serviceDestination(service, routes, origin, context),
      );
    });
  return [...services, ...context.intents.externals.map((external) => externalDestination(external, context))].sort(
    (a, b) => (a.host < b.host ? -1 : 1),
  );
};

const serviceDestination = (
  service: Service,
  written: ServicePolicy["routes"] & {},
  origin: Origin,
  context: Context,
): Destination => {
  const base = baseDestination(service, context.graph, context.platform, origin);
  if (written.length === 0) return base;
  const ports = base.ports.map((port) =>
    port.routes.length === 0
      ? port
      : { ...port, routes: serviceRoutes(written, service, port.number, origin, context) },
  );
  return { ...base, ports };
};

const externalDestination = ({ intent, origin }: Authored<External>, context: Context): Destination => ({
  host: intent.host,
  namespace: intent.namespace.$id,
  aliases: { anywhere: [], sameNamespace: [] },
  kind: "external",
  ports: [
    {
      number: intent.port,
      name: "http",
      protocol: "http",
      target: intent.tls.port,
      tls: { mode: "originate", sni: intent.tls.sni ?? intent.host },
      routes: [
        {
          ...defaultRoute(intent.host, intent.port, context.platform, origin),
          timeout: duration(intent.timeout, at(origin, "timeout"), context.report),
          retries: retries(intent.retries, context.platform, at(origin, "retries"), context.report),
        },
      ],
    },
  ],
  subsets: [],
  workloads: [],
  resolution: intent.resolve,
  origin,
});
