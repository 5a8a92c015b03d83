import { expect, test } from "vitest";
import { randomMesh } from "../../golden/random/mesh.ts";
import { shapeViolations } from "./shape-violations.ts";

const config = { folders: { ".": ["shop"] }, defaults: { mtls: "strict", access: "nobody" } };
const shop = { $kind: "namespace", $id: "shop" };
const service = { $kind: "service", $id: "shop/alpha", $subsets: ["v1"] };
const found = (value: unknown, settings: unknown = config) =>
  shapeViolations(settings, [{ module: "a.ts", value }]).map(({ message, place }) => [
    message,
    place && "origin" in place ? place.origin.path : [],
  ]);

test("whatever the language's own functions make has the right shape", () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const { intents } = randomMesh(seed);
    const values = [...intents.policies, ...intents.externals, ...intents.ingresses].map(({ intent, origin }) => ({
      module: origin.module,
      value: JSON.parse(JSON.stringify(intent)) as unknown,
    }));
    expect(shapeViolations(intents.config, values), `seed ${seed}`).toEqual([]);
  }
});

test.each([
  [
    "a property that does not exist",
    { kind: "policy", about: service, intent: { rutes: [] } },
    "`intent.rutes` does not belong here",
    ["intent", "rutes"],
  ],
  [
    "routes of a TCP service",
    { kind: "policy", about: { $kind: "tcp-service", $id: "shop/db" }, intent: { routes: [] } },
    "`intent.routes` does not belong here",
    ["intent", "routes"],
  ],
  [
    "a number for a mode",
    { kind: "policy", about: service, intent: { mtls: 1 } },
    '`intent.mtls` must be one of "strict", "permissive", "disabled"',
    ["intent", "mtls"],
  ],
  [
    "a path and a prefix",
    {
      kind: "policy",
      about: service,
      intent: { routes: [{ kind: "route", to: service, when: { path: "/a", prefix: "/b" } }] },
    },
    "`intent.routes.0.when.prefix` does not belong here",
    ["intent", "routes", 0, "when", "prefix"],
  ],
  [
    "a grant without callers",
    { kind: "policy", about: service, intent: { allow: [{ kind: "allow" }] } },
    "`intent.allow.0` lacks `from`",
    ["intent", "allow", 0],
  ],
  [
    "a caller that is no handle",
    { kind: "policy", about: service, intent: { allow: [{ kind: "allow", from: { $kind: "pod" } }] } },
    '`intent.allow.0.from.$kind` must be one of "service", "tcp-service", "workload", "gateway", "namespace", "subset"',
    ["intent", "allow", 0, "from", "$kind"],
  ],
  [
    "text for a port",
    { $kind: "external", namespace: shop, host: "a.b", port: "80", tls: { port: 443 }, resolve: "dns" },
    "`port` must be a number",
    ["port"],
  ],
  [
    "an ingress without gateway",
    { kind: "ingress", namespace: shop, port: 80, hosts: [], routes: [] },
    "this lacks `gateway`",
    [],
  ],
])("%s is told where it stands", (_, value, message, path) => {
  expect(found(value)).toEqual([[message, path]]);
});

test("a member of a list is told by its index", () => {
  expect(
    found([
      { kind: "policy", about: service, intent: {} },
      { kind: "policy", about: service, intent: { x: 1 } },
    ]),
  ).toEqual([["`intent.x` does not belong here", [1, "intent", "x"]]]);
});

test("the mesh's own settings are held to their shape", () => {
  expect(found([], { ...config, defaults: { mtls: "strict" } })).toEqual([["`defaults` lacks `access`", ["defaults"]]]);
  expect(found([], { ...config, environments: ["default"] })).toEqual([
    ["`environments.0` has a shape that is not allowed here", ["environments", 0]],
  ]);
});
