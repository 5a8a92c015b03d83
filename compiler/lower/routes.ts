import { at, type Origin } from "../../lib/diagnostics/origin.ts";
import { nearest } from "../../lib/diagnostics/nearest.ts";
import type { Service, ServiceId } from "../../lib/graph/graph.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { External, Forwarding, Route as Written, Split } from "../../lib/intent/index.ts";
import { defaultRoute, hostOf, wholeWeight } from "../../lib/model/base.ts";
import { matchesEverything, responding, type Backend, type Route } from "../../lib/model/route.ts";
import { reportUnknown, type Context } from "./context.ts";
import { directResponse, responds } from "./direct-response.ts";
import { duration } from "./duration.ts";
import { headerEdits } from "./header-edits.ts";
import { matches } from "./matches.ts";
import { retries } from "./retries.ts";

/** The routes of one port of a service: what its author wrote, then everything else to the service as a whole. */
export const serviceRoutes = (
  written: readonly Written[],
  service: Service,
  port: number,
  origin: Origin,
  context: Context,
): readonly Route[] => {
  const routes = written.map((route, index) => routeOf(route, port, at(origin, "intent", "routes", index), context));
  const total = routes.some((route) => route.matches.some(matchesEverything));
  return total ? routes : [...routes, defaultRoute(hostOf(service, context.platform), port, context.platform, origin)];
};

/** One authored route with every name resolved; `calledOn` is the port on which its callers call. */
export const routeOf = (written: Written, calledOn: number, origin: Origin, context: Context): Route => ({
  matches: matches(written.when, at(origin, "when"), context),
  ...action(written, calledOn, origin, context),
  responseHeaders: headerEdits(written.headers?.response, at(origin, "headers", "response"), context.report),
  origin,
});

const action = (
  written: Written,
  calledOn: number,
  origin: Origin,
  context: Context,
): Omit<Route, "matches" | "responseHeaders" | "origin"> =>
  responds(written)
    ? responding(directResponse(written, origin, context.report))
    : {
        backends: backends(written.to, calledOn, at(origin, "to"), context),
        directResponse: "none",
        timeout: duration(written.timeout, at(origin, "timeout"), context.report),
        retries: retries(written.retries, context.platform, at(origin, "retries"), context.report),
        requestHeaders: headerEdits(written.headers?.request, at(origin, "headers", "request"), context.report),
      };

const backends = (to: Forwarding["to"], calledOn: number, origin: Origin, context: Context): readonly Backend[] => {
  if ("$kind" in to) {
    switch (to.$kind) {
      case "external":
        return externalBackend(to, origin, context);
      case "subset":
        reportAny(to.$service, [to.$subset], origin, context);
        return serviceBackends(to.$service, [[to.$subset, 100]], calledOn, origin, context);
      case "service":
        return serviceBackends(to.$id, [["any", 100]], calledOn, origin, context);
    }
  }
  return splitBackends(to, calledOn, origin, context);
};

const splitBackends = (to: Split, calledOn: number, origin: Origin, context: Context): readonly Backend[] => {
  const weights = Object.entries(to.weights).sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [subset, percent] of weights) {
    const exact = Number.isInteger(Number((percent * 10_000).toFixed(4)));
    if (!(percent >= 0 && percent <= 100) || !exact)
      context.report("MESH2002", { subset, percent }, at(origin, "weights", subset));
  }
  reportAny(to.to.$id, Object.keys(to.weights), at(origin, "weights"), context);
  const total = Number(weights.reduce((sum, [, percent]) => sum + percent, 0).toFixed(6));
  if (total !== 100) context.report("MESH2001", { service: to.to.$id, total }, at(origin, "weights"));
  return serviceBackends(to.to.$id, weights, calledOn, origin, context);
};

/** The model's word for a whole service. */
const reportAny = (service: ServiceId, subsets: readonly string[], origin: Origin, { report }: Context): void => {
  if (subsets.includes("any")) report("MESH4058", { service }, origin);
};

const serviceBackends = (
  id: ServiceId,
  percents: readonly (readonly [subset: string, percent: number])[],
  calledOn: number,
  origin: Origin,
  context: Context,
): readonly Backend[] => {
  const service = context.service(id);
  if (service === undefined) {
    reportUnknown("service", id, origin, context);
    return [];
  }
  if (service.kind === "external-name") context.report("MESH4057", { service: id }, origin);
  const http = service.ports.filter(({ protocol }) => carriesHttp(protocol));
  const port = http.find(({ number }) => number === calledOn) ?? (http.length === 1 ? http[0] : undefined);
  if (port === undefined) {
    context.report("MESH2003", { service: id, port: calledOn, ports: http.map(({ number }) => number) }, origin);
    return [];
  }
  const host = hostOf(service, context.platform);
  return percents.flatMap(([subset, percent]) => {
    const names = service.subsets.map(({ name }) => name);
    if (subset !== "any" && !names.includes(subset)) {
      context.report("MESH4051", { service: id, subset, subsets: names, near: nearest(subset, names) }, origin);
      return [];
    }
    const weight = Math.round(percent * 10_000);
    return weight > 0 ? [{ host, port: port.number, subset, weight }] : [];
  });
};

const externalBackend = (to: External, origin: Origin, context: Context): readonly Backend[] => {
  // By what is exported, not by what was handed over: a copy could have another port.
  const declared = context.intents.externals.find(({ intent }) => intent.host === to.host)?.intent;
  if (declared === undefined || declared.port !== to.port) context.report("MESH4052", { host: to.host }, origin);
  return [{ host: to.host, port: declared?.port ?? to.port, subset: "any", weight: wholeWeight }];
};
