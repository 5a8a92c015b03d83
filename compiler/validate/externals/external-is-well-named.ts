import { isIP } from "./ip.ts";
import type { ServiceGraph } from "../../../lib/graph/graph.ts";
import { at } from "../../../lib/diagnostics/origin.ts";
import { lawOfEach } from "../law.ts";

/** A name inside the cluster would take over a service; a bare word is no DNS name outside it. */
export const externalHostIsAName = lawOfEach(
  "MESH2022",
  "externals",
  ["graph", "platform"],
  ({ intent, origin }, { graph, platform }, report) => {
    const { host } = intent;
    const named = isName(host) && !isIP(host);
    const inside =
      host.endsWith(`.${platform.clusterDomain}`) ||
      host.endsWith(".svc") ||
      isService(host, graph) ||
      host === "kubernetes.default";
    if (!named || inside) report(at(origin, "host"), { host });
    const { sni } = intent.tls;
    if (sni !== undefined && !isName(sni)) report(at(origin, "tls", "sni"), { host: sni });
  },
);

const isService = (host: string, { services }: ServiceGraph): boolean =>
  services.some(({ name, namespace }) => `${name}.${namespace}` === host);

/** As long as DNS has names (RFC 1035, 2.3.4); Envoy refuses clusters whose SNI is not much longer. */
const isName = (text: string): boolean =>
  text.length <= 253 && /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/.test(text);

/** A number that no socket has would be refused only by the cluster. */
export const externalPortIsAPort = lawOfEach("MESH2021", "externals", [], ({ intent, origin }, _, report) => {
  const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;
  if (!isPort(intent.port)) report(at(origin, "port"), { what: intent.host, port: intent.port });
  if (!isPort(intent.tls.port)) report(at(origin, "tls", "port"), { what: intent.host, port: intent.tls.port });
});

/** Static resolution has nobody to ask: every address must be one. */
export const externalAddressIsAnIp = lawOfEach("MESH2023", "externals", [], ({ intent, origin }, _, report) => {
  if (intent.resolve === "dns") return;
  if (intent.resolve.length === 0) report(at(origin, "resolve"), { address: "" });
  intent.resolve.forEach((address, index) => {
    if (!isIP(address) || isLocal(address)) report(at(origin, "resolve", index), { address });
  });
});

/** Addresses that mean the proxy itself or its machine: whoever calls would reach what listens there for nobody else. */
const isLocal = (address: string): boolean =>
  /^(?:127\.|169\.254\.|0\.|(?:0*:)*:?0*1$|::$|fe[89ab])/i.test(address) ||
  /^::ffff:(?:127\.|169\.254\.)/i.test(address);
