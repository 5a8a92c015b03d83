import { noEdits } from "../../../lib/model/route.ts";
import type { PathNormalization } from "../../../lib/graph/platform.ts";
import type { GatewayPort, HttpOutbound, Inbound } from "../../../targets/native/config.ts";
import type { Answer, Forward, Peer, Ruling, Site } from "../downstream/site.ts";
import type { RequestHead } from "../http1/head.ts";
import type { Clusters, Upstream } from "../upstream/clusters.ts";
import { accessRules } from "./access.ts";
import { backendOf, routing, type Taken } from "./routing.ts";
import { pathIn, targetAs } from "./target.ts";

interface Surroundings {
  readonly pathNormalization: PathNormalization;
  readonly clusters: Clusters;
}

/** Calls of the proxy's own application. */
export const outboundSite = (
  { hosts, unknownHosts }: Pick<HttpOutbound, "hosts" | "unknownHosts">,
  { pathNormalization, clusters }: Surroundings,
  passed: (peer: Peer) => Upstream | undefined,
): Site => {
  const routed = routing(hosts);
  return {
    role: "outbound",
    ruled: (head, peer) => {
      const target = targetAs(head.target, pathNormalization);
      if (target === undefined) return answers.malformed;
      const found = routed(head.host, pathIn(target), head.headers);
      if (found === "no-route") return answers.noRoute;
      if (found !== "unknown-host") return forward(found, target, clusters);
      return unknownHosts === "pass" && passed(peer) !== undefined
        ? passThrough(target, () => passed(peer))
        : answers.unknownHost;
    },
  };
};

/** Calls of others to the proxy's own application. */
export const inboundSite = (
  { access, targetPort }: Pick<Inbound, "access" | "targetPort">,
  { pathNormalization }: Pick<Surroundings, "pathNormalization">,
  application: Upstream,
): Site => {
  const verdict = accessRules(access);
  const upstream = (): Upstream => application;
  return {
    role: "inbound",
    ruled: (head, { identity }) => {
      const target = targetAs(head.target, pathNormalization);
      if (target === undefined) return answers.malformed;
      const refused = refusal(verdict, head, target, identity);
      if (refused !== undefined) return refused;
      return {
        ...forwardedWhole,
        service: `application:${targetPort}`,
        cluster: `inbound|${targetPort}`,
        upstream,
        target,
      };
    },
  };
};

/** Requests that enter the mesh: judged as a callee judges, then routed as a caller routes. */
export const gatewaySite = (
  { hosts, access }: Pick<GatewayPort, "hosts" | "access">,
  { pathNormalization, clusters }: Surroundings,
): Site => {
  const routed = routing(hosts);
  const verdict = accessRules(access);
  return {
    role: "gateway",
    ruled: (head, { identity }) => {
      const target = targetAs(head.target, pathNormalization);
      if (target === undefined) return answers.malformed;
      const refused = refusal(verdict, head, target, identity);
      const found = routed(head.host, pathIn(target), head.headers);
      if (found === "no-route" || found === "unknown-host") return refused ?? answers.noRoute;
      if (refused === undefined) return forward(found, target, clusters);
      // Refusals are edited by routes that forward alone, as Envoy does it.
      return "directResponse" in found.route ? refused : { ...refused, responseHeaders: found.route.responseHeaders };
    },
  };
};

const answer = (status: number, reason: Answer["reason"]): Answer => ({ kind: "answer", status, reason });

const answers = {
  malformed: answer(400, "malformed"),
  noRoute: answer(404, "no-route"),
  unknownHost: answer(502, "unknown-host"),
  denied: answer(403, "denied"),
  "not-allowed": answer(403, "not-allowed"),
} as const;

const refusal = (
  verdict: ReturnType<typeof accessRules>,
  { method }: RequestHead,
  target: string,
  caller: string | undefined,
): Answer | undefined => {
  const found = verdict({ caller, request: { method, path: pathIn(target) } });
  return found === "allowed" ? undefined : answers[found];
};

const forward = ({ virtualHost, route }: Taken, target: string, clusters: Clusters): Ruling => {
  if ("directResponse" in route) {
    const { directResponse, responseHeaders } = route;
    const { status, body } = directResponse;
    return { ...answer(status, "direct-response"), service: virtualHost, body, responseHeaders };
  }
  const cluster = backendOf(route, Math.random());
  const { timeout, retries, requestHeaders, responseHeaders } = route;
  return {
    kind: "forward",
    service: virtualHost,
    cluster,
    upstream: (tried) => clusters.chosen(cluster, tried),
    target,
    timeout,
    retries,
    requestHeaders,
    responseHeaders,
  };
};

const forwardedWhole = {
  kind: "forward",
  timeout: "none",
  retries: "none",
  requestHeaders: noEdits,
  responseHeaders: noEdits,
} as const;

const passThrough = (target: string, upstream: Forward["upstream"]): Forward => ({
  ...forwardedWhole,
  service: "PassthroughCluster",
  cluster: "PassthroughCluster",
  upstream,
  target,
});
