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
  Forwarding,
  GatewayHandle,
  HeaderConditions,
  HeaderExclusions,
  HeaderEdits,
  HttpServiceRef,
  Ingress,
  Method,
  PathCondition,
  Policy,
  Responding,
  Route,
  ServicePolicy,
  TcpServiceHandle,
  When,
} from "../../lib/intent/index.ts";
import { gatewayId, namespace } from "./graph.ts";
import type { Random, Streams } from "./random.ts";

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
export const randomIntents = (
  graph: ServiceGraph,
  random: Random,
  rarer: Random,
  later: Streams,
  externalAddress: string,
): Intents => {
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
    intent: servicePolicy(service, services, partner, random, later),
    origin: origin(`${service.name}.ts`),
  }));
  policies.push({
    intent: policy(tcpHandle, {
      allow: random.one(["anyone", "nobody", [allow({ from: httpHandle(services[0]!) })]] as const),
    }),
    origin: origin("store.ts"),
  });
  policies.push(...rarerPolicies(services, twin, partner, policies, rarer, later));
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
        routes: ingressRoutes(services, random, later),
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
  later: Streams,
): readonly Authored<Policy>[] => {
  const policies: Authored<Policy>[] = [];
  const written = (module: string, intent: Policy): void => {
    policies.push({ intent, origin: { module, path: [] } });
  };
  const mtls = (): "strict" | "permissive" | "disabled" => random.one(["strict", "permissive", "disabled"]);
  if (twin !== undefined && random.chance(70)) {
    const { about, intent } = servicePolicy(twin, services, partner, random, later);
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

const servicePolicy = (
  service: Service,
  services: readonly Service[],
  partner: External,
  random: Random,
  later: Streams,
): Policy => {
  const about = httpHandle(service);
  const others = services.filter((other) => other !== service);
  const uses = [
    ...random.some(others, 1 + random.below(2)).map(httpHandle),
    ...(random.chance(50) ? [partner] : []),
    ...(random.chance(50) ? [tcpHandle] : []),
  ];
  return policy(about, {
    routes: Array.from({ length: random.below(4) }, () => randomRoute(service, others, random, later)),
    ...(random.chance(40) && { mtls: random.one(["strict", "permissive", "disabled"] as const) }),
    ...(random.chance(75) && { allow: access(services, random) }),
    ...(random.chance(40) && { deny: [denial(services, random)] }),
    uses,
  });
};

const randomRoute = (service: Service, others: readonly Service[], random: Random, later: Streams): Route => {
  const when = random.chance(85)
    ? random.chance(25)
      ? [condition(random, later), condition(random, later)]
      : condition(random, later)
    : undefined;
  const response = directResponse(later("direct responses"));
  const forwarding = {
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
  };
  return route({ ...(when && { when }), ...(response ?? forwarding) });
};

/** Of one route in ten; what else was drawn for it is left alone, so that the others stay as they are. */
const directResponse = (random: Random): Responding | undefined => {
  if (!random.chance(10)) return undefined;
  const status = random.one([200, 204, 307, 418, 503]);
  const location = status === 307 ? { location: "http://elsewhere.example.com/" } : {};
  return {
    respond: {
      status,
      ...(status !== 204 && random.chance(70) && { body: random.one(["back at noon\n", "100 % été"]) }),
    },
    ...(status === 307 || random.chance(50)
      ? { headers: { response: { set: { "x-set": "one", ...location }, remove: ["x-canary"] } } }
      : {}),
  };
};

const backend = (service: Service, others: readonly Service[], random: Random): Forwarding["to"] => {
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

const condition = (random: Random, later: Streams): When => {
  const kind = random.below(4);
  const without = later("withoutHeaders");
  const exclusions = without.chance(40) && { withoutHeaders: withoutHeaders(without) };
  if (kind === 0)
    return { path: random.one(paths), ...(random.chance(30) && { headers: headers(random) }), ...exclusions };
  if (kind === 1)
    return { prefix: random.one(paths), ...(random.chance(30) && { headers: headers(random) }), ...exclusions };
  const stated = headers(random);
  return exclusions && without.chance(60) ? exclusions : { headers: stated, ...exclusions };
};

const withoutHeaders = (random: Random): HeaderExclusions =>
  Object.fromEntries(
    random
      .some(headerNames, random.chance(80) ? 1 : 2)
      .map((name) => [name, random.chance(50) ? random.one(headerValues) : { prefix: "jas" }]),
  );

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

const ingressRoutes = (services: readonly Service[], random: Random, later: Streams): readonly Route[] =>
  Array.from({ length: 1 + random.below(3) }, () => {
    const when = random.chance(70) && { when: condition(random, later) };
    const forwarding = {
      to: httpHandle(random.one(services)),
      ...(random.chance(30) && { timeout: "2s" as const }),
      ...(random.chance(30) && { headers: { request: { set: { "x-edge": "1" } } } }),
    };
    return route({ ...when, ...(directResponse(later("direct responses of gateways")) ?? forwarding) });
  });
