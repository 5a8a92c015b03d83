import { retryPolicy, wholeWeight } from "../../../lib/model/base.ts";
import {
  responding,
  type Backend,
  type DirectResponse,
  type HeaderMatch,
  type Match,
  type PathMatch,
  type RetryPolicy,
  type Route,
  type StatedHeader,
} from "../../../lib/model/route.ts";
import { excluding, implies, inOrder, isStated } from "../../../lib/model/header-conditions.ts";
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
      "directResponse",
      "requestHeadersToAdd",
      "requestHeadersToRemove",
      "responseHeadersToAdd",
      "responseHeadersToRemove",
    ],
    reading,
    harmlessOfRoute,
  );
  const matched = {
    matches: [matchOf(found.match ?? below(node, "match"), reading)],
    responseHeaders: headerEdits(found.responseHeadersToAdd, found.responseHeadersToRemove, reading),
    origin: originOf(node),
  };
  if (found.directResponse !== undefined)
    return { ...matched, ...responding(responseOf(found.directResponse, reading)) };
  if (found.route === undefined) unreadable(below(node, "route"), reading);
  const action = fields(
    found.route,
    ["cluster", "weightedClusters", "timeout", "retryPolicy"],
    reading,
    harmlessOfAction,
  );
  return {
    ...matched,
    directResponse: "none",
    backends: backends(action.cluster, action.weightedClusters, found.route ?? node, reading, leads),
    timeout: limit(action.timeout),
    retries: retries(action.retryPolicy, reading),
    requestHeaders: headerEdits(found.requestHeadersToAdd, found.requestHeadersToRemove, reading),
  };
};

const responseOf = (node: Node, reading: Reading): DirectResponse => {
  const { status, body } = fields(node, ["status", "body"], reading);
  const { inlineString } = fields(body, ["inlineString"], reading);
  return { status: number(status), body: inlineString === undefined ? "" : text(inlineString) };
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
  const all = items(headers).flatMap((header) => headerMatches(header, reading));
  const conditions = all.filter(
    (one) => one.kind !== "present" || !all.some((other) => other !== one && implies(other, one)),
  );
  const stated = conditions.filter(isStated).map(({ name }) => name);
  if (new Set(stated).size < stated.length) unreadable(headers ?? node, reading);
  return { path: pathMatch(prefix, path), headers: inOrder(conditions) };
};

const pathMatch = (prefix: Node | undefined, path: Node | undefined): PathMatch => {
  if (path !== undefined) return { kind: "exact", value: text(path) };
  return text(prefix) === "/" ? { kind: "any" } : { kind: "prefix", value: text(prefix) };
};

/** Usually one; of a header that must be there and be another than a value, two. */
const headerMatches = (node: Node, reading: Reading): readonly HeaderMatch[] => {
  const found = fields(
    node,
    ["name", "stringMatch", "presentMatch", "invertMatch", "treatMissingHeaderAsEmpty"],
    reading,
  );
  const name = text(found.name).toLowerCase();
  const isInverted = found.invertMatch?.value === true;
  const takesMissing = found.treatMissingHeaderAsEmpty?.value === true;
  const stated = statedHeader(name, found, reading);
  // What begins with a colon is no header to `decide`; an empty value would be met by no header at all.
  if (stated === undefined || name.startsWith(":") || (takesMissing && "value" in stated && stated.value === "")) {
    unreadable(node, reading);
    return [];
  }
  if (!isInverted) return [stated];
  return stated.kind === "present" || takesMissing
    ? [excluding(stated)]
    : [{ name, kind: "present" }, excluding(stated)];
};

const statedHeader = (
  name: string,
  { stringMatch, presentMatch }: { readonly stringMatch?: Node | undefined; readonly presentMatch?: Node | undefined },
  reading: Reading,
): StatedHeader | undefined => {
  if (presentMatch?.value === true) return { name, kind: "present" };
  const { exact, prefix } = fields(stringMatch, ["exact", "prefix"], reading);
  if (exact !== undefined) return { name, kind: "exact", value: text(exact) };
  return prefix === undefined ? undefined : { name, kind: "prefix", value: text(prefix) };
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
