import type { Authored, Intents } from "../../compiler/lower/intents.ts";
import type { Origin } from "../../lib/diagnostics/origin.ts";
import { idOf, type Service, type ServiceGraph } from "../../lib/graph/graph.ts";
import { absent, allow, deny, external, ingress, policy, present, route, split } from "../../lib/intent/index.ts";
import type {
  Access,
  Allow,
  Caller,
  Deny,
  External,
  GatewayHandle,
  HeaderConditions,
  HeaderEdits,
  HttpServiceRef,
  Ingress,
  Method,
  PathCondition,
  Policy,
  Route,
  ServicePolicy,
  TcpServiceHandle,
  When,
} from "../../lib/intent/index.ts";
import { gatewayId, namespace } from "./graph.ts";
import type { Random } from "./random.ts";

/** Values that lie beside each other, so that a wrong comparison shows: a prefix and what merely begins with it. */
export const paths = ["/a", "/a/b", "/ab", "/api/v1", "/b"] as const;
export const headerNames = ["x-user", "x-canary"] as const;
export const headerValues = ["jason", "jas", "ann"] as const;
export const methods: readonly Method[] = ["GET", "POST", "DELETE"];
export const externalHost = "api.partner.example";
export const ingressHosts = ["shop.example.com", "*.wild.example.com"] as const;

const httpHandle = (service: Service): HttpServiceRef => ({
  $kind: "service",
  $id: idOf(service),
  $subsets: service.subsets.map(({ name }) => name),
});
const tcpHandle: TcpServiceHandle = { $kind: "tcp-service", $id: `${namespace}/store` };
export const gatewayHandle: GatewayHandle = { $kind: "gateway", $id: gatewayId, $ports: [80] };

/** What authors could have written about a random graph; every feature of the language turns up among a few dozen seeds. */
export const randomIntents = (graph: ServiceGraph, random: Random, rarer: Random, externalAddress: string): Intents => {
  const twin = graph.services.find(({ name }) => name === "twin");
  const services = graph.services.filter(
    (service) =>
      service !== twin && service.namespace !== "edge" && service.ports.some(({ protocol }) => protocol === "http"),
  );
  const partner = external(
    { $kind: "namespace", $id: namespace },
    {
      host: externalHost,
      port: 8090,
      tls: { port: 8443 },
      resolve: [externalAddress],
      ...(random.chance(50) && { timeout: "3s" }),
    },
  );
  const origin = (module: string): Origin => ({ module, path: [] });
  const policies: Authored<Policy>[] = services.map((service) => ({
    intent: servicePolicy(service, services, partner, random),
    origin: origin(`${service.name}.ts`),
  }));
  policies.push({
    intent: policy(tcpHandle, {
      allow: random.one(["anyone", "nobody", [allow({ from: httpHandle(services[0]!) })]] as const),
    }),
    origin: origin("store.ts"),
  });
  policies.push(...rarerPolicies(services, twin, partner, policies, rarer));
  if (random.chance(40))
    policies.push({
      intent: policy(gatewayHandle, {
        allow: "anyone",
        ...(random.chance(50) && { deny: [denial(services, random)] }),
      }),
      origin: origin("gateway.ts"),
    });
  const edge: readonly Ingress[] = [
    ingress(
      { $kind: "namespace", $id: namespace },
      {
        gateway: gatewayHandle,
        port: 80,
        hosts: random.some(ingressHosts, 1 + random.below(2)),
        routes: ingressRoutes(services, random),
      },
    ),
  ];
  return {
    config: {
      folders: { ".": ["shop", "bank", "edge"] },
      defaults: { mtls: random.one(["strict", "permissive", "disabled"]), access: random.one(["anyone", "nobody"]) },
    },
    policies,
    externals: [{ intent: partner, origin: origin("partner.ts") }],
    ingresses: edge.map((intent) => ({ intent, origin: origin("ingress.ts") })),
  };
};

/**
 * What is said about workloads and namespaces themselves, and about a second service on the same workloads. No workload
 * is told two mTLS modes: that has no meaning.
 */
const rarerPolicies = (
  services: readonly Service[],
  twin: Service | undefined,
  partner: External,
  others: readonly Authored<Policy>[],
  random: Random,
): readonly Authored<Policy>[] => {
  const policies: Authored<Policy>[] = [];
  const written = (module: string, intent: Policy): void => {
    policies.push({ intent, origin: { module, path: [] } });
  };
  const mtls = (): "strict" | "permissive" | "disabled" => random.one(["strict", "permissive", "disabled"]);
  if (twin !== undefined && random.chance(70)) {
    const { about, intent } = servicePolicy(twin, services, partner, random);
    const { mtls: _beta, ...rest } = intent as ServicePolicy;
    written("twin.ts", policy(about as HttpServiceRef, rest));
  }
  if (random.chance(30)) written("bank.ts", policy({ $kind: "namespace", $id: "bank" }, { mtls: mtls() }));
  if (random.chance(40)) {
    const service = random.one(services);
    const id = random.one(service.workloads);
    const isTold = others.some(
      ({ intent: { about, intent } }) => about.$id === idOf(service) && intent.mtls !== undefined,
    );
    written(
      "workload.ts",
      policy(
        { $kind: "workload", $id: id },
        {
          ...(random.chance(40) && !isTold && { mtls: mtls() }),
          ...(random.chance(40) && { allow: access(services, random) }),
          ...(random.chance(50) && { deny: [denial(services, random)] }),
        },
      ),
    );
  }
  return policies;
};

const servicePolicy = (service: Service, services: readonly Service[], partner: External, random: Random): Policy => {
  const about = httpHandle(service);
  const others = services.filter((other) => other !== service);
  const uses = [
    ...random.some(others, 1 + random.below(2)).map(httpHandle),
    ...(random.chance(50) ? [partner] : []),
    ...(random.chance(50) ? [tcpHandle] : []),
  ];
  return policy(about, {
    routes: Array.from({ length: random.below(4) }, () => randomRoute(service, others, random)),
    ...(random.chance(40) && { mtls: random.one(["strict", "permissive", "disabled"] as const) }),
    ...(random.chance(75) && { allow: access(services, random) }),
    ...(random.chance(40) && { deny: [denial(services, random)] }),
    uses,
  });
};

const randomRoute = (service: Service, others: readonly Service[], random: Random): Route => {
  const when = random.chance(85)
    ? random.chance(25)
      ? [condition(random), condition(random)]
      : condition(random)
    : undefined;
  return route({
    ...(when && { when }),
    to: backend(service, others, random),
    ...(random.chance(30) && { timeout: random.one(["1s", "2500ms"] as const) }),
    ...(random.chance(40) && {
      retries: random.one([
        "none",
        { attempts: 1, on: [503] },
        { attempts: 3, perTry: "800ms", on: ["5xx"] },
        { attempts: 2, on: ["gateway-error", 500] },
      ] as const),
    }),
    ...(random.chance(50) && { headers: { request: edits(random), response: edits(random) } }),
  });
};

const backend = (service: Service, others: readonly Service[], random: Random): Route["to"] => {
  const handle = httpHandle(service);
  const subsets = service.subsets.map(({ name }) => name);
  const kind = random.below(10);
  if (kind < 3 && subsets.length > 1)
    return split(
      handle,
      random.one([
        { [subsets[0]!]: 90, [subsets[1]!]: 10 },
        { [subsets[0]!]: 50, [subsets[1]!]: 50 },
        { [subsets[0]!]: 99.5, [subsets[1]!]: 0.5 },
      ]),
    );
  if (kind < 7) return { $kind: "subset", $service: handle.$id, $subset: random.one(subsets) };
  return kind < 9 ? handle : httpHandle(random.one(others));
};

const condition = (random: Random): When => {
  const kind = random.below(4);
  if (kind === 0) return { path: random.one(paths), ...(random.chance(30) && { headers: headers(random) }) };
  if (kind === 1) return { prefix: random.one(paths), ...(random.chance(30) && { headers: headers(random) }) };
  return { headers: headers(random) };
};

const headers = (random: Random): HeaderConditions =>
  Object.fromEntries(
    random
      .some(headerNames, 1 + random.below(2))
      .map((name) => [name, random.one([random.one(headerValues), { prefix: "jas" }, present, absent])]),
  );

const edits = (random: Random): HeaderEdits => ({
  ...(random.chance(60) && { set: { [random.one(["x-user", "x-set"])]: random.one(["one", "100% sure"]) } }),
  ...(random.chance(40) && { add: { "x-add": "more" } }),
  ...(random.chance(40) && { remove: ["x-canary"] }),
});

const access = (services: readonly Service[], random: Random): Access => {
  if (random.chance(20)) return random.one(["anyone", "nobody"]);
  return Array.from({ length: 1 + random.below(3) }, (): Allow => allow(grant(services, random)));
};

const denial = (services: readonly Service[], random: Random): Deny =>
  deny({
    ...grant(services, random),
    ...(random.chance(50) ? { methods: ["DELETE"] } : { paths: [random.one<PathCondition>([{ prefix: "/a" }, "/b"])] }),
  });

const grant = (services: readonly Service[], random: Random) => ({
  from: random.chance(55) ? ("anyone" as const) : callers(services, random),
  ...(random.chance(50) && { methods: random.some(methods, 1 + random.below(2)) }),
  ...(random.chance(50) && {
    paths: random
      .some(paths, 1 + random.below(2))
      .map((path): PathCondition => (random.chance(50) ? path : { prefix: path })),
  }),
});

const callers = (services: readonly Service[], random: Random): readonly Caller[] => [
  random.one<Caller>([
    httpHandle(random.one(services)),
    { $kind: "workload", $id: random.one(services).workloads[0]! },
    { $kind: "namespace", $id: namespace },
    gatewayHandle,
    "authenticated",
  ]),
];

const ingressRoutes = (services: readonly Service[], random: Random): readonly Route[] =>
  Array.from({ length: 1 + random.below(3) }, () =>
    route({
      ...(random.chance(70) && { when: condition(random) }),
      to: httpHandle(random.one(services)),
      ...(random.chance(30) && { timeout: "2s" as const }),
      ...(random.chance(30) && { headers: { request: { set: { "x-edge": "1" } } } }),
    }),
  );
