import { nearest } from "../../lib/diagnostics/nearest.ts";
import type { Address, Call } from "../../lib/model/call.ts";
import { lookup } from "../../lib/model/lookup.ts";
import type { Mesh, MeshWorkload } from "../../lib/model/mesh.ts";

/** What was typed: `explain "GET http://reviews:9080/reviews/0" --from bookinfo/productpage-v1 -H "end-user: jason"`. */
export interface Asked {
  readonly request: string;
  readonly from: string;
  readonly headers: readonly string[];
  /** An address other than the one that the URL's host names. */
  readonly address?: string | undefined;
}

/** The call that was asked about, or why it is none. */
export const callOf = (asked: Asked, mesh: Mesh): { readonly call: Call } | { readonly refused: string } => {
  const typed = /^(?:([A-Za-z]+)\s+)?((?:https?|tcp):\/\/\S*)$/.exec(asked.request.trim());
  if (typed === null)
    return {
      refused: `\`${asked.request}\` is no request: write a method and a URL, such as "GET http://reviews:9080/reviews/0", or tcp://HOST:PORT for a connection`,
    };
  const [, method = "GET", written = ""] = typed;
  if (!URL.canParse(written)) return { refused: `\`${written}\` is no URL` };
  const url = new URL(written);
  if (url.protocol === "https:")
    return {
      refused:
        "a request with TLS of its own is opaque to the mesh: ask about http://, which is what applications speak to their proxy",
    };
  if (url.username !== "" || url.password !== "")
    return { refused: "a URL with a user name in it is not what goes over the wire: leave it out" };
  const from = asked.from === "outside" ? "outside" : workloadNamed(asked.from, mesh);
  if (from === undefined) {
    const ids = mesh.workloads.map(({ id }) => id);
    const near =
      nearest(asked.from, ids) ??
      nearest(
        asked.from,
        mesh.workloads.map(({ name }) => name),
      );
    return {
      refused: `there is no workload \`${asked.from}\`${near ? `; did you mean \`${near}\`?` : `; the graph has ${ids.slice(0, 8).join(", ")}${ids.length > 8 ? ", …" : ""}, and "outside" is whoever is not in it`}`,
    };
  }
  const headers: (readonly [string, string])[] = [];
  for (const header of asked.headers) {
    const colon = header.indexOf(":");
    if (colon < 1) return { refused: `\`${header}\` is no header: write "name: value"` };
    headers.push([header.slice(0, colon).trim().toLowerCase(), header.slice(colon + 1).trim()]);
  }
  const isConnection = url.protocol === "tcp:";
  if (isConnection && (url.port === "" || headers.length > 0))
    return { refused: "a connection that is not HTTP has a port and no headers: write tcp://HOST:PORT" };
  const port = url.port === "" ? 80 : Number(url.port);
  const host = headers.find(([name]) => name === "host")?.[1] ?? url.host;
  const address = addressOf(asked.address, url.hostname, port, from, mesh);
  if (typeof address === "string") return { refused: address };
  // What is asked about is what goes over the wire, so nothing is resolved here that a client would not resolve.
  const target = /^https?:\/\/[^/?#]*([^#]*)/i.exec(written)?.[1] ?? "";
  return {
    call: {
      from: from === "outside" ? "outside" : from.id,
      ...address,
      request: isConnection
        ? "connection"
        : {
            method: method.toUpperCase(),
            target: target.startsWith("/") ? target : `/${target}`,
            host,
            headers: headers.filter(([name]) => name !== "host"),
          },
    },
  };
};

const workloadNamed = (name: string, mesh: Mesh): MeshWorkload | undefined => {
  const exact = lookup(mesh).workload(name);
  if (exact) return exact;
  const named = mesh.workloads.filter((workload) => workload.name === name);
  return named.length === 1 ? named[0] : undefined;
};

type Dialled = { readonly to: Address; readonly port: number };

const addressOf = (
  written: string | undefined,
  hostname: string,
  port: number,
  from: MeshWorkload | "outside",
  mesh: Mesh,
): Dialled | string => {
  if (written === "elsewhere") return { to: { kind: "elsewhere" }, port };
  if (written !== undefined) {
    const workload = lookup(mesh).workload(written.replace(/^workload:/, ""));
    if (written.startsWith("workload:") && workload) return { to: { kind: "workload", workload: workload.id }, port };
    const named = resolved(
      written.replace(/^service:/, "").replace("/", "."),
      from,
      mesh,
      written.replace(/^service:/, ""),
    );
    return named
      ? { to: { kind: "destination", host: named }, port }
      : `there is no address \`${written}\`: write service:NAMESPACE/NAME, workload:NAMESPACE/NAME or elsewhere`;
  }
  const service = resolved(hostname, from, mesh);
  if (service) return { to: { kind: "destination", host: service }, port };
  const gateway = mesh.gateways.find(({ listeners }) =>
    listeners.some(
      (listener) =>
        listener.port === port &&
        listener.virtualHosts.some(
          ({ host }) => host === hostname || (host.startsWith("*") && hostname.endsWith(host.slice(1))),
        ),
    ),
  );
  const target = gateway?.listeners.find((listener) => listener.port === port)?.target;
  // Whoever resolves an ingress host reaches its gateway.
  if (gateway && target !== undefined) return { to: { kind: "workload", workload: gateway.workload }, port: target };
  return unknownName(hostname, port, from, mesh) ?? { to: { kind: "elsewhere" }, port };
};

/** Why a name that the graph does not have cannot be meant; names of the world outside can. */
const unknownName = (
  hostname: string,
  port: number,
  from: MeshWorkload | "outside",
  mesh: Mesh,
): string | undefined => {
  if (from === "outside") {
    const gateway = mesh.gateways[0]?.workload;
    const ask = gateway === undefined ? "" : `; \`--address workload:${gateway}\` asks what that gateway answers`;
    return `nothing lets \`${hostname}\` in on port ${String(port)} from outside${ask}`;
  }
  const [name = "", namespace] = hostname.toLowerCase().split(".");
  const namespaces = new Set(mesh.workloads.map((workload) => workload.namespace));
  const isInside = namespace === undefined || namespaces.has(namespace) || /\.svc(\.|$)/.test(hostname);
  if (!isInside) return undefined;
  const elsewhere = mesh.destinations.find(
    (destination) =>
      destination.namespace !== (namespace ?? from.namespace) && destination.aliases.sameNamespace.includes(name),
  );
  const near = elsewhere
    ? `${name}.${elsewhere.namespace}`
    : nearest(
        hostname.toLowerCase(),
        mesh.destinations.flatMap(({ aliases, namespace: home }) => [
          ...aliases.anywhere,
          ...(home === from.namespace ? aliases.sameNamespace : []),
        ]),
      );
  return `\`${hostname}\` names no service for ${from.id}${near === undefined ? "" : `; did you mean \`${near}\`?`} (\`--address elsewhere\` asks about an address outside of the mesh)`;
};

/** The service that a name resolves to for a caller in its namespace. */
const resolved = (name: string, from: MeshWorkload | "outside", mesh: Mesh, id?: string): string | undefined => {
  const wanted = name.toLowerCase();
  if (id?.includes("/")) {
    const [namespace, service] = id.split("/");
    return mesh.destinations.find(
      (destination) => destination.namespace === namespace && destination.aliases.sameNamespace.includes(service ?? ""),
    )?.host;
  }
  return mesh.destinations.find(
    ({ host, aliases, namespace }) =>
      host === wanted ||
      aliases.anywhere.includes(wanted) ||
      (from !== "outside" && from.namespace === namespace && aliases.sameNamespace.includes(wanted)),
  )?.host;
};
