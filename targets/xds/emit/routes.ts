import { carriesHttp } from "../../../lib/graph/protocol.ts";
import { destinationsInScope, namesOf } from "../../../lib/model/callable.ts";
import { reachable } from "../../../lib/model/coverage.ts";
import type { Destination, DestinationPort, Gateway, Host } from "../../../lib/model/mesh.ts";
import type {
  Backend,
  HeaderEdits,
  HeaderMatch,
  Match,
  PathMatch,
  RetryPolicy,
  Route,
} from "../../../lib/model/route.ts";
import { typed } from "../messages.ts";
import type * as envoy from "../messages.ts";
import type { Resource } from "../resource.ts";
import { gatewayRoutes, outboundCluster, outboundRoutes, passthroughCluster } from "./names.ts";
import { identities } from "./made.ts";
import { once, type Proxy } from "./proxy.ts";
import { duration } from "./values.ts";

/** As Istio's proxies have it; Envoy by itself refuses a route table for a body of more than 4 KiB. */
const longestBody = 1_048_576;

/** Where requests of the proxy's own application go: one table for each port, a virtual host for each service. */
export const sidecarRoutes = (proxy: Proxy): readonly Resource<envoy.Routes>[] => {
  const byPort = new Map<number, { readonly destination: Destination; readonly port: DestinationPort }[]>();
  for (const destination of destinationsInScope(proxy))
    for (const port of destination.ports)
      if (carriesHttp(port.protocol))
        byPort.set(port.number, [...(byPort.get(port.number) ?? []), { destination, port }]);
  return [...byPort]
    .sort(([a], [b]) => a - b)
    .map(([number, known]) => {
      // Two destinations may answer to one name; the first is whom `decide` finds. Envoy refuses a name that stands twice.
      const taken = new Set<Host>();
      const virtualHosts = known.flatMap(({ destination, port }): envoy.VirtualHost[] => {
        const domains = namesOf(destination, proxy.workload.namespace).filter((name) => !taken.has(name));
        for (const name of domains) taken.add(name);
        if (domains.length === 0) return [];
        return [
          once(proxy, destination, `host ${number} ${domains.join(" ")}`, () =>
            virtualHost(`${destination.host}:${number}`, domains, port.routes),
          ),
        ];
      });
      return once(proxy, proxy.workload, `routes ${number} ${identities(virtualHosts)}`, () => {
        const message: envoy.Routes = {
          name: outboundRoutes(number),
          virtualHosts: [...virtualHosts, once(proxy, proxy.mesh.platform, "unknown hosts", () => unknownHosts(proxy))],
          ignorePortInHostMatching: true,
          maxDirectResponseBodySizeBytes: longestBody,
        };
        return {
          name: outboundRoutes(number),
          message,
          origins: known.flatMap(({ port }) => port.routes.map(({ origin }) => origin)),
        };
      });
    });
};

/** Where requests that arrive at a gateway go: one table for each port. */
export const gatewayRouteTables = ({ listeners }: Gateway): readonly Resource<envoy.Routes>[] =>
  listeners.map(({ target, virtualHosts }) => ({
    name: gatewayRoutes(target),
    message: {
      name: gatewayRoutes(target),
      virtualHosts: virtualHosts.map(({ host, routes }) => virtualHost(`${host}:${target}`, [host], routes)),
      ignorePortInHostMatching: true,
      maxDirectResponseBodySizeBytes: longestBody,
    },
    origins: virtualHosts.flatMap(({ routes }) => routes.map(({ origin }) => origin)),
  }));

/** The requests that arrive for the proxy's own application. */
export const inboundRoutes = (name: string, cluster: string): envoy.Routes => ({
  name,
  virtualHosts: [
    {
      name,
      domains: ["*"],
      routes: [
        {
          name: "default",
          match: { prefix: "/" },
          // A connection that the application closed while the request was on its way has done nothing yet (Istio's own
          // inbound retries, ENABLE_INBOUND_RETRY_POLICY).
          route: { cluster, timeout: "0s", retryPolicy: { retryOn: "reset-before-request", numRetries: 2 } },
        },
      ],
    },
  ],
});

const unknownHosts = ({ mesh, instance }: Proxy): envoy.VirtualHost => ({
  domains: ["*"],
  includeRequestAttemptCount: true,
  // Where nothing captures connections there is no address to pass a request on to.
  ...(mesh.platform.outbound === "allow-any" && instance?.loopback === undefined
    ? {
        name: "allow_any",
        routes: [{ name: "allow_any", match: { prefix: "/" }, route: { cluster: passthroughCluster, timeout: "0s" } }],
      }
    : { name: "block_all", routes: [{ name: "block_all", match: { prefix: "/" }, directResponse: { status: 502 } }] }),
});

const virtualHost = (name: string, domains: readonly Host[], routes: readonly Route[]): envoy.VirtualHost => ({
  name,
  domains: [...domains],
  routes: reachable(routes).flatMap(envoyRoutes),
  includeRequestAttemptCount: true,
});

/** One for each alternative: Envoy's routes match one thing each. */
const envoyRoutes = (route: Route): readonly envoy.Route[] =>
  route.matches.map((match) => ({
    match: routeMatch(match),
    ...action(route),
    ...edits(route.requestHeaders, "request"),
    ...edits(route.responseHeaders, "response"),
  }));

const action = (route: Route): Pick<envoy.Route, "route" | "directResponse"> => {
  if (route.directResponse !== "none") {
    const { status, body } = route.directResponse;
    return { directResponse: { status, ...(body !== "" && { body: { inlineString: body } }) } };
  }
  return {
    route: {
      ...clusters(route.backends),
      timeout: route.timeout === "none" ? "0s" : duration(route.timeout),
      ...(route.retries !== "none" && { retryPolicy: retryPolicy(route.retries) }),
    },
  };
};

const routeMatch = ({ path, headers }: Match): envoy.RouteMatch => ({
  ...pathMatch(path),
  ...(headers.length > 0 && { headers: headers.map(headerMatcher) }),
});

const pathMatch = (match: PathMatch): envoy.RouteMatch => {
  switch (match.kind) {
    case "any":
      return { prefix: "/" };
    case "exact":
      return { path: match.value };
    case "prefix":
      return { prefix: match.value };
  }
};

/** Without the second, no header at all would not be another value than this one (Envoy, `HeaderMatcher.invert_match`). */
const invertedWithMissing = { invertMatch: true, treatMissingHeaderAsEmpty: true } as const;

const headerMatcher = (match: HeaderMatch): envoy.HeaderMatcher => {
  const { name } = match;
  switch (match.kind) {
    case "exact":
      return { name, stringMatch: { exact: match.value } };
    case "prefix":
      return { name, stringMatch: { prefix: match.value } };
    case "present":
      return { name, presentMatch: true };
    case "absent":
      return { name, presentMatch: true, invertMatch: true };
    case "not-exact":
      return { name, stringMatch: { exact: match.value }, ...invertedWithMissing };
    case "not-prefix":
      return { name, stringMatch: { prefix: match.value }, ...invertedWithMissing };
  }
};

const clusters = (backends: readonly Backend[]): envoy.RouteAction => {
  const [only, ...others] = backends;
  if (only !== undefined && others.length === 0) return { cluster: outboundCluster(only) };
  return {
    weightedClusters: {
      clusters: backends.map((backend) => ({ name: outboundCluster(backend), weight: backend.weight })),
    },
  };
};

const retryPolicy = ({ attempts, perTry, on, statuses }: RetryPolicy): envoy.RetryPolicy => ({
  retryOn: on.join(","),
  numRetries: attempts,
  ...(perTry !== "none" && { perTryTimeout: duration(perTry) }),
  ...(statuses.length > 0 && { retriableStatusCodes: [...statuses] }),
  retryHostPredicate: [
    {
      name: "envoy.retry_host_predicates.previous_hosts",
      typedConfig: typed("envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate", {}),
    },
  ],
  hostSelectionRetryMaxAttempts: "5",
});

type HeaderFields = Pick<
  envoy.Route,
  "requestHeadersToAdd" | "requestHeadersToRemove" | "responseHeadersToAdd" | "responseHeadersToRemove"
>;

const edits = ({ remove, set, add }: HeaderEdits, of: "request" | "response"): HeaderFields => {
  const added = [
    ...set.map((header) => headerOption(header, "OVERWRITE_IF_EXISTS_OR_ADD")),
    ...add.map((header) => headerOption(header, "APPEND_IF_EXISTS_OR_ADD")),
  ];
  return {
    ...(added.length > 0 && { [`${of}HeadersToAdd`]: added }),
    ...(remove.length > 0 && { [`${of}HeadersToRemove`]: [...remove] }),
  };
};

/** Envoy reads `%` in a header's value as the start of a variable; `%%` is the character. */
const headerOption = (
  [key, value]: HeaderEdits["set"][number],
  appendAction: NonNullable<envoy.HeaderValueOption["appendAction"]>,
): envoy.HeaderValueOption => ({
  header: { key, value: value.replaceAll("%", "%%") },
  appendAction,
  ...(value === "" && { keepEmptyValue: true }),
});
