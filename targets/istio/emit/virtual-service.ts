import { reachable } from "../../../lib/model/coverage.ts";
import { defaultRetries, wholeWeight } from "../../../lib/model/base.ts";
import { excludedBy, isStated } from "../../../lib/model/header-conditions.ts";
import type {
  Destination,
  DestinationPort,
  Gateway,
  GatewayListener,
  Mesh,
  VirtualHost,
} from "../../../lib/model/mesh.ts";
import type {
  Backend,
  DirectResponse,
  ExcludedHeader,
  HeaderEdits,
  Match,
  PathMatch,
  RetryPolicy,
  Route,
  StatedHeader,
} from "../../../lib/model/route.ts";
import { istioObject, type KubernetesObject } from "../object.ts";
import type { Plain } from "../yaml.ts";
import { nameOfDestination, nameOfGatewayHost } from "./names.ts";

type Fields = { readonly [field: string]: Plain | undefined };

/** The rule for a service's callers, unless it says no more than the platform does by itself. */
export const meshVirtualService = (destination: Destination, mesh: Mesh): readonly KubernetesObject[] => {
  const ports = destination.ports.filter(({ routes }) => routes.length > 0);
  if (ports.every((port) => isDefault(port, destination, mesh))) return [];
  // On port 80, and there alone, Istio also answers for hosts whose services have no such port: a rule that names its own
  // port is left out there (`buildSidecarVirtualHostsForVirtualService`).
  const namesPort = ports.length > 1 || ports.every(({ number }) => number !== 80);
  const http = ports.flatMap(({ number, routes }) =>
    reachable(routes).map((route) => httpRoute(route, namesPort ? number : undefined, mesh)),
  );
  return [
    istioObject("VirtualService", destination.namespace, nameOfDestination(destination), {
      hosts: [destination.host],
      http,
    }),
  ];
};

/** One rule for each host of a gateway: two for one host would be merged in no defined order (istio 22997). */
export const gatewayVirtualServices = (gateway: Gateway, mesh: Mesh): readonly KubernetesObject[] => {
  const hosts = new Map<string, { readonly listener: GatewayListener; readonly virtualHost: VirtualHost }[]>();
  for (const listener of gateway.listeners) {
    for (const virtualHost of listener.virtualHosts)
      hosts.set(virtualHost.host, [...(hosts.get(virtualHost.host) ?? []), { listener, virtualHost }]);
  }
  const gatewayName = gateway.workload.split("/")[1] ?? "";
  const severalPorts = gateway.listeners.length > 1;
  return [...hosts].flatMap(([host, spoken]) => {
    const http = spoken.flatMap(({ listener, virtualHost }) =>
      reachable(virtualHost.routes).map((route) => httpRoute(route, severalPorts ? listener.port : undefined, mesh)),
    );
    // Istio takes no rule without a route; the gateway answers for the host all the same, and knows no way.
    if (http.length === 0) return [];
    const namespace = spoken[0]?.virtualHost.namespace ?? gateway.namespace;
    return [
      istioObject(
        "VirtualService",
        namespace,
        nameOfGatewayHost({ namespace: gateway.namespace, name: gatewayName }, host),
        { hosts: [host], gateways: [`${gateway.namespace}/${gatewayName}`], http },
      ),
    ];
  });
};

const isDefault = ({ number, routes }: DestinationPort, destination: Destination, mesh: Mesh): boolean => {
  const [route] = routes;
  const [backend] = route?.backends ?? [];
  return (
    route !== undefined &&
    routes.length === 1 &&
    route.matches.some(({ path, headers }) => path.kind === "any" && headers.length === 0) &&
    route.backends.length === 1 &&
    backend?.host === destination.host &&
    backend.port === number &&
    backend.subset === "any" &&
    route.timeout === "none" &&
    hasDefaultRetries(route, mesh) &&
    isEmpty(route.requestHeaders) &&
    isEmpty(route.responseHeaders)
  );
};

const httpRoute = (route: Route, port: number | undefined, mesh: Mesh): Fields => {
  const match = route.matches.map((one) => httpMatch(one, port));
  const everything = match.some((one) => Object.keys(one).length === 0);
  const request = headerOperations(route.requestHeaders);
  const response = headerOperations(route.responseHeaders);
  return {
    ...(!everything && { match }),
    ...(route.directResponse === "none"
      ? forwarding(route, mesh)
      : { directResponse: httpResponse(route.directResponse) }),
    ...((request || response) && { headers: { ...(request && { request }), ...(response && { response }) } }),
  };
};

const forwarding = (route: Route, mesh: Mesh): Fields => ({
  route: destinations(route.backends),
  ...(route.timeout !== "none" && { timeout: protoDuration(route.timeout) }),
  ...(!hasDefaultRetries(route, mesh) && { retries: httpRetry(route.retries) }),
});

const httpResponse = ({ status, body }: DirectResponse): Fields => ({
  status,
  ...(body !== "" && { body: { string: body } }),
});

const httpMatch = (match: Match, port: number | undefined): Fields => {
  const stated = match.headers.filter(isStated);
  const excluded = match.headers.filter((header) => !isStated(header));
  return {
    ...(match.path.kind !== "any" && { uri: stringMatch(match.path) }),
    ...(stated.length > 0 && {
      headers: Object.fromEntries(stated.map((header) => [header.name, stringMatch(header)])),
    }),
    ...(excluded.length > 0 && { withoutHeaders: withoutHeaders(excluded) }),
    ...(port !== undefined && { port }),
  };
};

/**
 * One exclusion a name; a second of the same header stands under its name in other letters, which Envoy does not tell apart.
 * A header that is not there meets all of them (Istio, `TranslateRouteMatch`, sets `treat_missing_header_as_empty`).
 */
const withoutHeaders = (excluded: readonly ExcludedHeader[]): Fields => {
  const known = new Map<string, number>();
  return Object.fromEntries(
    excluded.map((header) => {
      const { name } = header;
      const count = known.get(name) ?? 0;
      known.set(name, count + 1);
      return [inOtherLetters(name, count), stringMatch(excludedBy(header))];
    }),
  );
};

/** The name in which capitals write a number in binary. */
const inOtherLetters = (name: string, number: number): string => {
  let left = number;
  const written = name.replaceAll(/[a-z]/g, (letter) => {
    const isCapital = left % 2 === 1;
    left = Math.floor(left / 2);
    return isCapital ? letter.toUpperCase() : letter;
  });
  // A route excludes one value of a header, an ingress one more, and a header that conditions name has a letter.
  if (left > 0) throw new Error(`unreachable: ${number + 1} exclusions of the header ${name}`);
  return written;
};

/** An empty match on a header means that it is there (Istio, `canBeConvertedToPresentMatch`). */
const stringMatch = (match: PathMatch | StatedHeader): Fields =>
  "value" in match ? { [match.kind]: match.value } : {};

const destinations = (backends: readonly Backend[]): readonly Fields[] => {
  const weights = emittedWeights(backends);
  return backends.map(({ host, port, subset }, index) => ({
    destination: { host, ...(subset !== "any" && { subset }), port: { number: port } },
    ...(backends.length > 1 && { weight: weights[index] }),
  }));
};

/** Percentages where they are whole; otherwise the smallest whole numbers in the same proportion, since Istio has no decimals. */
const emittedWeights = (backends: readonly Backend[]): readonly number[] => {
  const hundredth = wholeWeight / 100;
  if (backends.every(({ weight }) => weight % hundredth === 0)) return backends.map(({ weight }) => weight / hundredth);
  let divisor = hundredth;
  while (backends.some(({ weight }) => weight % divisor !== 0)) divisor /= 10;
  return backends.map(({ weight }) => weight / divisor);
};

const hasDefaultRetries = ({ retries }: Route, { platform }: Mesh): boolean =>
  JSON.stringify(retries) === JSON.stringify(defaultRetries(platform));

const httpRetry = (retries: RetryPolicy | "none"): Fields => {
  if (retries === "none") return { attempts: 0 };
  const words = retries.on.filter((word) => word !== "retriable-status-codes");
  return {
    attempts: retries.attempts,
    ...(retries.perTry !== "none" && { perTryTimeout: protoDuration(retries.perTry) }),
    retryOn: [...words, ...retries.statuses].join(","),
  };
};

const isEmpty = ({ remove, set, add }: HeaderEdits): boolean => remove.length + set.length + add.length === 0;

const headerOperations = (edits: HeaderEdits): Fields | undefined => {
  if (isEmpty(edits)) return undefined;
  return {
    ...(edits.set.length > 0 && { set: headerValues(edits.set) }),
    ...(edits.add.length > 0 && { add: headerValues(edits.add) }),
    ...(edits.remove.length > 0 && { remove: edits.remove }),
  };
};

/** Envoy reads `%` in a header's value as the start of a variable; `%%` is the character. */
const headerValues = (pairs: HeaderEdits["set"]): Fields =>
  Object.fromEntries(pairs.map(([name, value]) => [name, value.replaceAll("%", "%%")]));

const protoDuration = (milliseconds: number): string => `${milliseconds / 1000}s`;
