import type { Random } from "./random.ts";
import { carriesHttp } from "../../lib/graph/protocol.ts";
import type { Address, Call, HttpRequest } from "../../lib/model/call.ts";
import type { Destination, Mesh, MeshWorkload } from "../../lib/model/mesh.ts";
import type { HeaderMatch, PathMatch, Route } from "../../lib/model/route.ts";

/** What a mesh compares requests with: requests are aimed at these and at their neighbours. */
interface Boundaries {
  readonly paths: readonly string[];
  readonly headers: readonly HeaderMatch[];
  readonly methods: readonly string[];
}

const routesOf = (mesh: Mesh): readonly Route[] => [
  ...mesh.destinations.flatMap(({ ports }) => ports.flatMap(({ routes }) => routes)),
  ...mesh.gateways.flatMap(({ listeners }) =>
    listeners.flatMap(({ virtualHosts }) => virtualHosts.flatMap(({ routes }) => routes)),
  ),
];

const boundaries = (mesh: Mesh): Boundaries => {
  const matches = routesOf(mesh).flatMap((route) => route.matches);
  const rules = mesh.authorizations.flatMap((authorization) => authorization.rules);
  const pathMatches: readonly PathMatch[] = [
    ...matches.map(({ path }) => path),
    ...rules.flatMap((rule) => (rule.paths === "any" ? [] : rule.paths)),
  ];
  return {
    paths: [...new Set(["/", ...pathMatches.flatMap((match) => ("value" in match ? neighbours(match.value) : []))])],
    headers: matches.flatMap(({ headers }) => headers),
    methods: [
      ...new Set(["GET", "POST", "PUT", ...rules.flatMap((rule) => (rule.methods === "any" ? [] : rule.methods))]),
    ],
  };
};

/** A path, and what differs from it by as little as possible. */
const neighbours = (value: string): readonly string[] => {
  const bare = value.replace(/\/$/, "");
  const escaped = bare.replace(/[a-z](?=[^a-z]*$)/, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return [
    value,
    bare,
    `${bare}/`,
    `${bare}/below`,
    `${bare}x`,
    bare.slice(0, -1) || "/",
    `${bare}?q=${bare}`,
    escaped,
    `/x/..${bare}`,
    `${bare}/.`,
    `${bare}/../y`,
    bare.replace(/(.)\//g, "$1//"),
    bare.toUpperCase(),
  ];
};

const headersFor = ({ headers }: Boundaries, random: Random): HttpRequest["headers"] => {
  const chosen = new Map<string, readonly string[]>();
  for (const match of random.some(headers, 1 + random.below(3))) {
    const value = "value" in match ? match.value : "any";
    const options: readonly (readonly string[])[] = [
      [value],
      [value],
      [`${value}x`],
      [value.slice(0, -1) || "z"],
      [value, "second"],
      [],
      [value.toUpperCase()],
    ];
    chosen.set(match.name, random.one(options));
  }
  return [...chosen].flatMap(([name, values]) => values.map((value) => [name, value] as const));
};

/** Calls at the edges of what a mesh distinguishes, the same for the same stream of choices. */
export const boundaryCalls = (mesh: Mesh, count: number, random: Random): readonly Call[] => {
  const known = boundaries(mesh);
  const callers = mesh.workloads.filter(({ proxy }) => proxy === "sidecar");
  return Array.from({ length: count }, () =>
    random.chance(20) && mesh.gateways.length > 0
      ? edgeCall(mesh, known, random)
      : meshCall(mesh, known, random.one(callers), random),
  );
};

const edgeCall = (mesh: Mesh, known: Boundaries, random: Random): Call => {
  const gateway = random.one(mesh.gateways);
  const listener = random.one(gateway.listeners);
  const hosts = listener.virtualHosts.flatMap(({ host }) =>
    host.startsWith("*.")
      ? [`a${host.slice(1)}`, `a.b${host.slice(1)}`, host.slice(2)]
      : [host, host.toUpperCase(), `${host}:8080`, `x.${host}`],
  );
  return {
    from: "outside",
    to: { kind: "workload", workload: gateway.workload },
    port: listener.target,
    request: requestTo(random.chance(85) ? random.one(hosts) : "nobody.example.org", known, random),
  };
};

const meshCall = (mesh: Mesh, known: Boundaries, caller: MeshWorkload, random: Random): Call => {
  const scope = mesh.scopes.find(({ selector }) => selector.workloads.includes(caller.id));
  const inScope = mesh.destinations.filter(({ host, ports }) => ports.length > 0 && scope?.hosts.includes(host));
  const destination = random.one(
    inScope.length > 0 && random.chance(90) ? inScope : mesh.destinations.filter(({ ports }) => ports.length > 0),
  );
  const port = random.one(destination.ports);
  const to: Address =
    destination.kind === "external" || random.chance(10)
      ? { kind: "elsewhere" }
      : { kind: "destination", host: destination.host };
  if (!carriesHttp(port.protocol))
    return {
      from: caller.id,
      to: { kind: "destination", host: destination.host },
      port: port.number,
      request: "connection",
    };
  return {
    from: caller.id,
    to,
    port: port.number,
    request: requestTo(hostFor(destination, caller, mesh, random), known, random),
  };
};

/** Mostly a name of the destination itself; sometimes a forged one. */
const hostFor = (destination: Destination, caller: MeshWorkload, mesh: Mesh, random: Random): string => {
  const names = [
    destination.host,
    ...destination.aliases.anywhere,
    ...(destination.namespace === caller.namespace ? destination.aliases.sameNamespace : []),
  ];
  const kind = random.below(20);
  if (kind === 0) return random.one(mesh.destinations).host;
  if (kind === 1) return "nobody.example.org";
  if (kind === 2) return random.one(names).toUpperCase();
  if (kind === 3) return `${random.one(names)}:1234`;
  return random.one(names);
};

const requestTo = (host: string, known: Boundaries, random: Random): HttpRequest => ({
  method: random.chance(60) ? "GET" : random.one(known.methods),
  target: random.one(known.paths),
  host,
  headers: random.chance(65) && known.headers.length > 0 ? headersFor(known, random) : [],
});

/** The same, and what nobody would send: other callers, other addresses, other ports, bytes that are not HTTP. */
export const strangeCalls = (mesh: Mesh, count: number, random: Random): readonly Call[] => {
  const callers = ["outside", ...mesh.workloads.map(({ id }) => id)];
  const ports = [
    ...new Set([
      ...mesh.destinations.flatMap((destination) =>
        destination.ports.flatMap(({ number, target }) => [number, target]),
      ),
      4444,
    ]),
  ];
  const address = (): Address =>
    random.one<Address>([
      { kind: "elsewhere" },
      { kind: "workload", workload: random.one(mesh.workloads).id },
      { kind: "destination", host: random.one(mesh.destinations).host },
    ]);
  return boundaryCalls(mesh, count, random).map((call) => ({
    from: random.chance(25) ? random.one(callers) : call.from,
    to: random.chance(25) ? address() : call.to,
    port: random.chance(15) ? random.one(ports) : call.port,
    request: random.chance(10) ? "connection" : call.request,
  }));
};
