import { retryPolicy, wholeWeight } from "../../../lib/model/base.ts";
import type { Backend, HeaderMatch, Match, PathMatch, RetryPolicy, Route } from "../../../lib/model/route.ts";
import { headerEdits } from "./edits.ts";
import {
  below,
  fields,
  items,
  milliseconds,
  number,
  originOf,
  settled,
  text,
  unreadable,
  type Harmless,
  type Node,
  type Reading,
} from "./reading.ts";

const harmlessOfRoute: Harmless = {
  name: "a name",
  decorator: "a name in traces",
  metadata: "which object it came from",
};

export const harmlessOfAction: Harmless = { maxGrpcTimeout: "a limit that callers ask for themselves" };

/** Where routes of a proxy lead: names of clusters with the nodes that name them. */
export type Leads = (cluster: Node) => void;

/** A virtual host's routes, in order; each is one of Envoy's, with one match. */
export const routesOf = (virtualHost: Node | undefined, reading: Reading, leads: Leads): readonly Route[] =>
  items(virtualHost).map((node) => routeOf(node, reading, leads));

const routeOf = (node: Node, reading: Reading, leads: Leads): Route => {
  const found = fields(
    node,
    [
      "match",
      "route",
      "requestHeadersToAdd",
      "requestHeadersToRemove",
      "responseHeadersToAdd",
      "responseHeadersToRemove",
    ],
    reading,
    harmlessOfRoute,
  );
  if (found.route === undefined) unreadable(below(node, "route"), reading);
  const action = fields(
    found.route,
    ["cluster", "weightedClusters", "timeout", "retryPolicy"],
    reading,
    harmlessOfAction,
  );
  return {
    matches: [matchOf(found.match ?? below(node, "match"), reading)],
    backends: backends(action.cluster, action.weightedClusters, found.route ?? node, reading, leads),
    timeout: limit(action.timeout),
    retries: retries(action.retryPolicy, reading),
    requestHeaders: headerEdits(found.requestHeadersToAdd, found.requestHeadersToRemove, reading),
    responseHeaders: headerEdits(found.responseHeadersToAdd, found.responseHeadersToRemove, reading),
    origin: originOf(node),
  };
};

/** Nothing said is fifteen seconds (Envoy, `RouteAction.timeout`). */
const limit = (timeout: Node | undefined): number | "none" => {
  if (timeout === undefined) return 15_000;
  const read = milliseconds(timeout);
  return read === 0 ? "none" : read;
};

const matchOf = (node: Node, reading: Reading): Match => {
  const { prefix, path, headers, caseSensitive } = fields(
    node,
    ["prefix", "path", "headers", "caseSensitive"],
    reading,
  );
  settled(node, { caseSensitive }, { caseSensitive: [undefined, true] }, reading);
  if (prefix === undefined && path === undefined) unreadable(node, reading);
  const conditions = items(headers).map((header) => headerMatch(header, reading));
  const names = conditions.map(({ name }) => name);
  if (new Set(names).size < names.length) unreadable(headers ?? node, reading);
  return {
    path: pathMatch(prefix, path),
    headers: conditions.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
};

const pathMatch = (prefix: Node | undefined, path: Node | undefined): PathMatch => {
  if (path !== undefined) return { kind: "exact", value: text(path) };
  return text(prefix) === "/" ? { kind: "any" } : { kind: "prefix", value: text(prefix) };
};

const headerMatch = (node: Node, reading: Reading): HeaderMatch => {
  const found = fields(node, ["name", "stringMatch", "presentMatch", "invertMatch"], reading);
  const name = text(found.name).toLowerCase();
  const { exact, prefix } = fields(found.stringMatch, ["exact", "prefix"], reading);
  const isInverted = found.invertMatch?.value === true;
  // What begins with a colon is no header to `decide`.
  if (name.startsWith(":")) unreadable(node, reading);
  if (found.presentMatch?.value === true) return { name, kind: isInverted ? "absent" : "present" };
  if (isInverted || (exact === undefined && prefix === undefined)) unreadable(node, reading);
  return exact === undefined
    ? { name, kind: "prefix", value: text(prefix) }
    : { name, kind: "exact", value: text(exact) };
};

const backends = (
  cluster: Node | undefined,
  weighted: Node | undefined,
  action: Node,
  reading: Reading,
  leads: Leads,
): readonly Backend[] => {
  if (cluster !== undefined) return backend(cluster, wholeWeight, reading, leads);
  const { clusters } = fields(weighted, ["clusters"], reading);
  const read = items(clusters).flatMap((node) => {
    const { name, weight } = fields(node, ["name", "weight"], reading);
    // What has no weight is never chosen.
    return number(weight) === 0 ? [] : backend(name ?? below(node, "name"), number(weight), reading, leads);
  });
  if (read.length === 0) unreadable(action, reading);
  return read;
};

const backend = (cluster: Node, weight: number, reading: Reading, leads: Leads): readonly Backend[] => {
  const named = outboundName(text(cluster));
  if (named === undefined) {
    unreadable(cluster, reading);
    return [];
  }
  leads(cluster);
  return [{ ...named, weight }];
};

/** `outbound|80|v1|reviews.shop.svc.cluster.local`, as Istio and we call clusters. */
export const outboundName = (name: string): Omit<Backend, "weight"> | undefined => {
  const [, port, subset, host] = /^outbound\|(\d+)\|([^|]*)\|([^|]+)$/.exec(name) ?? [];
  return host === undefined ? undefined : { host, port: Number(port), subset: subset === "" ? "any" : subset! };
};

const retries = (node: Node | undefined, reading: Reading): RetryPolicy | "none" => {
  if (node === undefined) return "none";
  const found = fields(node, ["retryOn", "numRetries", "perTryTimeout", "retriableStatusCodes"], reading, {
    retryHostPredicate: "which copy is tried next",
    hostSelectionRetryMaxAttempts: "which copy is tried next",
  });
  const attempts = found.numRetries === undefined ? 1 : number(found.numRetries);
  const words = text(found.retryOn)
    .split(",")
    .filter((word) => word !== "");
  if (attempts === 0 || words.length === 0) return "none";
  const statuses = items(found.retriableStatusCodes).map(number);
  // Statuses count only beside the word for them.
  const on = [...words, ...(words.includes("retriable-status-codes") ? statuses : [])];
  const perTry = found.perTryTimeout === undefined ? 0 : milliseconds(found.perTryTimeout);
  return retryPolicy(attempts, perTry === 0 ? "none" : perTry, on);
};
