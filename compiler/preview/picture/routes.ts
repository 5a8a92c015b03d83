import { everyRequest } from "../../diff/words/requests.ts";
import { distributionWords, effectWords, retryWords } from "../../diff/words/outcomes.ts";
import { fraction, type Fraction } from "../../../lib/model/fraction.ts";
import { effectsOf } from "../../../lib/model/header-effects.ts";
import type { Destination, DestinationPort } from "../../../lib/model/mesh.ts";
import type { Route } from "../../../lib/model/route.ts";
import { matchesSet } from "../../../lib/requests/conditions.ts";
import { protocolWords } from "./part.ts";
import type { Side } from "./side.ts";

type Routed = Pick<DestinationPort, "number" | "routes"> & Partial<Pick<DestinationPort, "protocol" | "tls">>;

/** The routes of a port in their order, a line each: on what condition, to where, with what limits. */
export const routeLines = (
  { number, routes, protocol, tls, says }: Routed & { readonly says?: string },
  own: Destination | undefined,
  side: Side,
): readonly string[] => {
  const at = says ?? `${number}`;
  const secured =
    tls?.mode === "originate" ? `, over TLS as ${tls.sni}` : tls?.mode === "plain" ? ", in plain text" : "";
  if (routes.length === 0) return [`${at} ${protocol ? protocolWords[protocol] : ""}: every connection${secured}`];
  return routes.map((route, index) => {
    const conditions = side.regions.words(matchesSet(route.matches, side.space.diagrams), true);
    const isAll = conditions.length === 1 && conditions[0] === everyRequest;
    const condition = isAll && index > 0 ? "otherwise" : conditions.join("; or ");
    return `${at}: ${condition} → ${distributionWords(parts(route, own, side))}${secured}${treatment(route)}`;
  });
};

const parts = ({ backends }: Route, own: Destination | undefined, { names }: Side): ReadonlyMap<string, Fraction> => {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  const shares = new Map<string, number>();
  for (const { host, subset, weight } of backends) {
    const place = host === own?.host ? "" : names.place(host);
    const label = [place, subset === "any" ? "" : subset].filter((word) => word !== "").join(" ");
    const said = label === "" ? (own?.kind === "external" ? "the server" : "any workload") : label;
    shares.set(said, (shares.get(said) ?? 0) + weight);
  }
  return new Map([...shares].map(([label, weight]) => [label, fraction(weight, total)]));
};

const treatment = ({ timeout, retries, requestHeaders, responseHeaders }: Route): string => {
  const [request, response] = [effectsOf(requestHeaders), effectsOf(responseHeaders)];
  return [
    `, ${timeout === "none" ? "no timeout" : `timeout ${timeout} ms`}, ${retryWords(retries)}`,
    request.length === 0 ? "" : `; of the request: ${effectWords(request)}`,
    response.length === 0 ? "" : `; of the response: ${effectWords(response)}`,
  ].join("");
};
