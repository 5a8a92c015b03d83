import { isIP } from "./ip.ts";
import { at } from "../../lib/diagnostics/origin.ts";
import { law } from "./law.ts";

/** A name inside the cluster would take over a service; a bare word is no DNS name outside it. */
export const externalHostIsAName = law("MESH2022", ({ intents, mesh }, report) => {
  for (const { intent, origin } of intents.externals) {
    const { host } = intent;
    const named = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$/.test(host) && !isIP(host);
    const inside =
      host.endsWith(`.${mesh.platform.clusterDomain}`) ||
      host.endsWith(".svc") ||
      mesh.destinations.some(({ kind, aliases }) => kind !== "external" && aliases.anywhere.includes(host));
    if (!named || inside) report(at(origin, "host"), { host });
  }
});

/** A number that no socket has would be refused only by the cluster. */
export const externalPortIsAPort = law("MESH2021", ({ intents }, report) => {
  const isPort = (port: number): boolean => Number.isInteger(port) && port >= 1 && port <= 65_535;
  for (const { intent, origin } of intents.externals) {
    if (!isPort(intent.port)) report(at(origin, "port"), { what: intent.host, port: intent.port });
    if (!isPort(intent.tls.port)) report(at(origin, "tls", "port"), { what: intent.host, port: intent.tls.port });
  }
});

/** Static resolution has nobody to ask: every address must be one. */
export const externalAddressIsAnIp = law("MESH2023", ({ intents }, report) => {
  for (const { intent, origin } of intents.externals) {
    if (intent.resolve === "dns") continue;
    if (intent.resolve.length === 0) report(at(origin, "resolve"), { address: "" });
    intent.resolve.forEach((address, index) => {
      if (!isIP(address)) report(at(origin, "resolve", index), { address });
    });
  }
});
