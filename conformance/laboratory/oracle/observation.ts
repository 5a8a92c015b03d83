import type { Call, HttpRequest } from "../../../lib/model/call.ts";
import { decide } from "../../../lib/model/decide/index.ts";
import type { End } from "../../../lib/model/decide/decision.ts";
import { editedHeaders } from "../../../lib/model/edited-headers.ts";
import type { Mesh } from "../../../lib/model/mesh.ts";

/** What a client of the rig saw of one call. */
export type Observed =
  | {
      readonly kind: "response";
      readonly status: number;
      /** Names in lower case. */
      readonly headers: HttpRequest["headers"];
      readonly body: string;
      /** What the server says that it received; absent where no server of ours answered. */
      readonly echo?: Echo | undefined;
    }
  | { readonly kind: "connected"; readonly workload: string }
  | { readonly kind: "failed"; readonly reason: string };

export interface Echo {
  /** `namespace/name` of the workload that answered. */
  readonly workload: string;
  readonly port: number;
  readonly method: string;
  readonly target: string;
  readonly headers: HttpRequest["headers"];
  /** How often this call had arrived anywhere, with this answer. */
  readonly attempt: number;
}

/** Headers that every server of the rig answers with, so that edits of responses show. */
export const servedHeaders: HttpRequest["headers"] = [
  ["x-user", "served"],
  ["x-canary", "served"],
];

/**
 * Headers that proxies own: added or rewritten on the way whatever a mesh says. Everything else must arrive as `decide`
 * says. Each with its reason.
 */
export const proxyOwnedHeaders: ReadonlyMap<string, string> = new Map([
  ["x-forwarded-client-cert", "the callee's proxy tells who the caller proved to be (forward_client_cert_details)"],
  ["x-request-id", "Envoy numbers requests (connection manager, generate_request_id)"],
  ["x-forwarded-proto", "Envoy names the scheme it heard"],
  ["x-forwarded-for", "gateways append the client's address"],
  ["x-envoy-internal", "gateways say whether the client's address is internal"],
  ["x-envoy-external-address", "gateways name the client's address"],
  ["x-envoy-attempt-count", "Istio asks for include_request_attempt_count"],
  ["x-envoy-expected-rq-timeout-ms", "Envoy's router tells the server how long it will wait"],
  ["x-envoy-decorator-operation", "Istio names the route for tracing"],
  ["x-envoy-peer-metadata", "Istio's proxies tell each other who they are"],
  ["x-envoy-peer-metadata-id", "Istio's proxies tell each other who they are"],
  ["x-envoy-original-dst-host", "the original destination, for pass-through clusters"],
  ["x-b3-traceid", "tracing"],
  ["x-b3-spanid", "tracing"],
  ["x-b3-parentspanid", "tracing"],
  ["x-b3-sampled", "tracing"],
  ["traceparent", "tracing"],
  ["tracestate", "tracing"],
  ["connection", "hop by hop"],
  ["transfer-encoding", "hop by hop"],
  ["content-length", "Envoy frames a body anew"],
  ["x-rig-id", "the rig's own mark of a call"],
  ["x-rig-plan", "the rig's own order to its servers"],
]);

export const isProxyOwnedHeader = (name: string): boolean => proxyOwnedHeaders.has(name);

const ownResponseHeaders = new Set([
  "server",
  "date",
  "x-envoy-upstream-service-time",
  "content-type",
  "content-length",
  "connection",
  "transfer-encoding",
  "keep-alive",
  "x-envoy-decorator-operation",
  "x-envoy-peer-metadata",
  "x-envoy-peer-metadata-id",
  "vary",
]);

/** Whether a header of a response is whoever's answers last, whatever a mesh says. */
export const isOwnResponseHeader = (name: string): boolean => ownResponseHeaders.has(name);

/** Why what was seen is none of what the mesh says can happen; undefined where it is one. */
export const disagreement = (mesh: Mesh, call: Call, observed: Observed): string | undefined => {
  const ends = decide({ client: mesh, server: mesh }, call).branches.flatMap((branch) => branch.ends);
  const reasons = ends.map((end) => endDisagreement(end, observed));
  return reasons.includes(undefined) ? undefined : reasons.filter((reason) => reason !== undefined).join("; or ");
};

const endDisagreement = (end: End, observed: Observed): string | undefined => {
  const { outcome } = end;
  switch (outcome.kind) {
    case "closed":
      if (observed.kind === "failed") return undefined;
      return `expected a closed connection (${outcome.reason}), saw ${told(observed)}`;
    case "answered":
      if (observed.kind !== "response") return `expected ${outcome.status} (${outcome.reason}), saw ${told(observed)}`;
      if (observed.echo !== undefined)
        return `expected ${outcome.status} (${outcome.reason}), but ${observed.echo.workload} was reached`;
      return observed.status === outcome.status
        ? answerDisagreement(outcome, observed)
        : `expected ${outcome.status} (${outcome.reason}), saw ${observed.status}`;
    case "delivered": {
      if (outcome.request === "connection")
        return observed.kind === "connected" && end.workloads.includes(observed.workload)
          ? undefined
          : `expected a connection to ${end.workloads.join(" or ")}, saw ${told(observed)}`;
      if (observed.kind !== "response" || observed.echo === undefined)
        return `expected delivery to ${where(end)}, saw ${told(observed)}`;
      return deliveryDisagreement(end, outcome, observed, observed.echo);
    }
  }
};

/** A route's own response to the letter; of a proxy's own words only what routes do to their headers. */
const answerDisagreement = (
  { body, responseEdits }: End["outcome"] & { readonly kind: "answered" },
  observed: Observed & { readonly kind: "response" },
): string | undefined => {
  if (body !== "own" && observed.body !== body.text)
    return `expected the body ${JSON.stringify(body.text)}, saw ${JSON.stringify(observed.body)}`;
  const expected = responseEdits.reduce((headers, edits) => editedHeaders(headers, edits), noHeaders);
  const difference = headerDifference(expected, observed.headers, isOwnResponseHeader);
  return difference && `the client saw another response: ${difference}`;
};

const noHeaders: HttpRequest["headers"] = [];

const where = ({ workloads, outcome }: End): string =>
  workloads.length > 0
    ? workloads.join(" or ")
    : outcome.kind === "delivered" && outcome.to !== "as-dialled"
      ? outcome.to.host
      : "outside";

const told = (observed: Observed): string => {
  if (observed.kind === "failed") return `no answer (${observed.reason})`;
  return observed.kind === "connected"
    ? `a connection to ${observed.workload}`
    : `${observed.status}${observed.echo ? ` from ${observed.echo.workload}` : " from a proxy"}`;
};

const deliveryDisagreement = (
  end: End,
  outcome: End["outcome"] & { readonly kind: "delivered" },
  observed: Observed & { readonly kind: "response" },
  echo: Echo,
): string | undefined => {
  if (end.workloads.length > 0 && !end.workloads.includes(echo.workload))
    return `expected ${end.workloads.join(" or ")}, but ${echo.workload} was reached`;
  if (end.workloads.length === 0 && !echo.workload.startsWith("outside/"))
    return `expected to leave the mesh, but ${echo.workload} was reached`;
  if (outcome.request === "connection") return undefined;
  if (echo.port !== outcome.port) return `expected port ${outcome.port}, saw ${echo.port}`;
  const { method, target, host } = outcome.request;
  if (echo.method !== method) return `expected method ${method}, the server saw ${echo.method}`;
  if (echo.target !== target) return `expected target ${target}, the server saw ${echo.target}`;
  const seenHost = echo.headers.find(([name]) => name === "host")?.[1];
  if (seenHost !== host) return `expected host ${host}, the server saw ${seenHost}`;
  const requestDifference = headerDifference(
    outcome.request.headers,
    echo.headers,
    (name) => name === "host" || isProxyOwnedHeader(name),
  );
  if (requestDifference) return `the server saw another request: ${requestDifference}`;
  const response = outcome.responseEdits.reduce((headers, edits) => editedHeaders(headers, edits), servedHeaders);
  const responseDifference = headerDifference(response, observed.headers, isOwnResponseHeader);
  return responseDifference && `the client saw another response: ${responseDifference}`;
};

const headerDifference = (
  expected: HttpRequest["headers"],
  seen: HttpRequest["headers"],
  owned: (name: string) => boolean,
): string | undefined => {
  const [a, b] = [headersForm(expected, owned), headersForm(seen, owned)];
  return a === b ? undefined : `expected {${a}}, saw {${b}}`;
};

/** Headers but for those that somebody else owns, the same text for what means the same. */
export const headersForm = (headers: HttpRequest["headers"], owned: (name: string) => boolean): string => {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) if (!owned(name)) values.set(name, [...(values.get(name) ?? []), value]);
  return [...values]
    .map(([name, all]) => `${name}: ${all.join(",")}`)
    .sort()
    .join(" | ");
};
