import fc from "fast-check";
import { expect, test } from "vitest";
import type { View } from "../../view.ts";
import { resource, viewWith } from "../testing.ts";
import { mentions } from "./mentions.ts";
import { ModelClient, type Behaviour } from "./model-client.ts";

interface Plan {
  readonly clusters: readonly (readonly [id: number, version: number, odds: number])[];
  readonly routes: readonly (readonly [id: number, to: readonly number[], odds: number])[];
  readonly listeners: readonly (readonly [id: number, route: number, odds: number])[];
  readonly secrets: readonly (readonly [id: number, version: number])[];
}

const byId = { selector: ([id]: readonly [number, ...unknown[]]) => id };
const plans: fc.Arbitrary<Plan> = fc.record({
  clusters: fc.uniqueArray(fc.tuple(fc.nat(4), fc.nat(2), fc.nat(9)), { ...byId, minLength: 1 }),
  routes: fc.uniqueArray(fc.tuple(fc.nat(3), fc.array(fc.nat(20), { maxLength: 3 }), fc.nat(9)), {
    ...byId,
    minLength: 1,
  }),
  listeners: fc.uniqueArray(fc.tuple(fc.nat(2), fc.nat(20), fc.nat(9)), byId),
  secrets: fc.uniqueArray(fc.tuple(fc.nat(1), fc.nat(3)), byId),
});

/** A closed view: what a listener or a route names is there. */
const viewOf = ({ clusters, routes, listeners, secrets }: Plan, poison: boolean): View => {
  const version = (number: number, odds: number) => `${number}${poison && odds === 0 ? "!" : ""}`;
  const nth = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;
  // Another version of a cluster may be told of other endpoints, and need not.
  const endpoints = (id: number, v: number) => `e${id}${v % 2}`;
  return viewWith({
    secret: secrets.map(([id, v]) => resource(`s${id}`, String(v))),
    cluster: clusters.map(([id, v, odds]) => resource(`c${id}`, version(v, odds), [endpoints(id, v)])),
    endpoints: clusters.map(([id, v]) => resource(endpoints(id, v), String(v))),
    routes: routes.map(([id, to, odds]) => {
      const named = [...new Set(to.map((index) => `c${nth(clusters, index)[0]}`))];
      return resource(`r${id}`, `${named.join("+")}.${version(1, odds)}`, named);
    }),
    listener: listeners.map(([id, route, odds]) => {
      const named = `r${nth(routes, route)[0]}`;
      return resource(`l${id}`, `${named}.${version(1, odds)}`, [named]);
    }),
  });
};

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant({ kind: "up" } as const) },
    { weight: 6, arbitrary: fc.constant({ kind: "down" } as const) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("view" as const), view: plans }) },
    // A while without changes, or nothing would ever get far enough to be taken away again.
    { weight: 2, arbitrary: fc.constant({ kind: "quiet" } as const) },
    { weight: 1, arbitrary: fc.constant({ kind: "reconnect" } as const) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("time" as const), ms: fc.nat(300) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("ask" as const),
        name: fc.constantFrom("xa", "xb", "s0", "s1", "again"),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("leave" as const), name: fc.constantFrom("xa", "s0", "s1") }),
    },
  ),
  { maxLength: 120 },
);

const drained = (client: ModelClient): void => {
  for (let round = 0; round < 20; round += 1) {
    while (client.requestArrives() || client.responseArrives());
    client.passed(1001);
  }
};

const closed = (client: ModelClient): void => {
  for (const route of client.held.routes.values())
    for (const name of mentions(route))
      if (/^c\d+$/.test(name) && !client.held.cluster.has(name))
        throw new Error(`holds route ${route.name} (${route.version}) to ${name}, which it does not hold`);
  if (client.reconnections > 0) return;
  // Envoy takes such a cluster for one without any, and prefers it to the one before.
  for (const cluster of client.held.cluster.values())
    for (const name of mentions(cluster))
      if (client.absent.has(name)) throw new Error(`holds ${cluster.name}, and was told that ${name} is not there`);
};

const simplified = (client: ModelClient) =>
  Object.fromEntries(
    Object.entries(client.held).map(([type, held]) => [
      type,
      [...held.values()].map(({ name, version }) => `${name}@${version}`).sort(),
    ]),
  );

const expected = (client: ModelClient) =>
  Object.fromEntries(
    Object.entries(client.view).map(([type, resources]) => [
      type,
      [...resources.values()]
        .filter(
          ({ name }) => type === "cluster" || type === "listener" || client.subscribed[type as "routes"].has(name),
        )
        .map(({ name, version }) => `${name}@${version}`)
        .sort(),
    ]),
  );

const runs = (behaviour: fc.Arbitrary<Behaviour>, poison: boolean) =>
  fc.property(behaviour, plans, steps, plans, (behaviour, first, steps, last) => {
    const client = new ModelClient(behaviour, viewOf(first, poison));
    for (const step of steps) {
      switch (step.kind) {
        case "up":
          client.requestArrives();
          break;
        case "down":
          client.responseArrives();
          break;
        case "quiet":
          while (client.requestArrives() || client.responseArrives()) closed(client);
          break;
        case "view":
          client.viewed(viewOf(step.view, poison));
          break;
        case "reconnect":
          // A set says nothing of what it replaces: a server that knows nothing cannot keep what it does not know of.
          if (behaviour.protocol === "delta") client.reconnected();
          break;
        case "time":
          // Expectations that were given up are no promise; less than a second in all keeps every one of them.
          if (client.now + step.ms < 1000) client.passed(step.ms);
          break;
        case "ask":
          if (step.name === "again") client.asked("endpoints", [...client.subscribed.endpoints]);
          else client.asked(step.name.startsWith("s") ? "secret" : "routes", [step.name]);
          break;
        case "leave":
          if (client.subscribed.routes.has(step.name)) client.left("routes", [step.name]);
          if (client.subscribed.secret.has(step.name)) client.left("secret", [step.name]);
      }
      closed(client);
    }
    client.viewed(viewOf(last, false));
    drained(client);
    if (behaviour.protocol === "sotw")
      // Sets of secrets cannot take one away.
      for (const name of client.held.secret.keys()) if (!client.view.secret.has(name)) client.held.secret.delete(name);
    expect(simplified(client)).toEqual(expected(client));
    expect(client.synced()).toBe(true);
  });

const behaviours = (protocol: "delta" | "sotw") =>
  fc.record({ protocol: fc.constant(protocol), warms: fc.boolean(), partial: fc.boolean(), names: fc.boolean() });

const numRuns = Number(process.env["ADS_RUNS"] ?? 1500);

for (const protocol of ["delta", "sotw"] as const) {
  test(`${protocol}: whatever the order, a client ends with its view and lacks no cluster of a route and no endpoints of a cluster`, () => {
    fc.assert(runs(behaviours(protocol), false), { numRuns });
  });
  test(`${protocol}: nor when it refuses some of it on the way`, () => {
    fc.assert(runs(behaviours(protocol), true), { numRuns });
  });
}
