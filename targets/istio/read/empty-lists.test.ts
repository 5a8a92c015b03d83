import { expect, test } from "vitest";
import { randomMesh } from "../../../golden/random/mesh.ts";
import { istioObject } from "../object.ts";
import { read } from "./index.ts";

const { graph, platform } = randomMesh(1);

/** What reading makes of one rule of a DENY. */
const deny = (rule: object) => {
  const object = istioObject("AuthorizationPolicy", "shop", "a", { action: "DENY", rules: [rule as never] });
  const { value, diagnostics } = read([object], { graph, platform });
  expect(diagnostics).toEqual([]);
  return value?.authorizations[0]?.rules[0];
};

test("a condition without values is none: the rule is about everything, as Istio has it", () => {
  const operation = { ports: [], methods: [], paths: [], hosts: undefined };
  expect(deny({ from: [{ source: { principals: [] } }], to: [{ operation }] })).toMatchObject({
    from: "anyone",
    ports: "any",
    methods: "any",
    paths: "any",
  });
  expect(deny({ from: [], to: [] })).toMatchObject({ from: "anyone", methods: "any" });
});

test("a condition with values beside an empty one still narrows", () => {
  expect(deny({ to: [{ operation: { methods: ["GET"], paths: [] } }] })).toMatchObject({
    methods: ["GET"],
    paths: "any",
  });
});

test.each([undefined, ""])(
  "retries that name no conditions (%j) have Istio's own, whatever the mesh's default is",
  (retryOn) => {
    const host = graph.services.find(({ name }) => name === "alpha")!;
    const fqdn = `${host.name}.${host.namespace}.svc.cluster.local`;
    const object = istioObject("VirtualService", "shop", "a", {
      hosts: [fqdn],
      http: [
        {
          route: [{ destination: { host: fqdn } }],
          retries: { attempts: 1, ...(retryOn !== undefined && { retryOn }) },
        },
      ],
    });
    const custom = { ...platform, defaultRetries: { attempts: 5, on: ["5xx"] } };
    const { value } = read([object], { graph, platform: custom });
    const routed = value?.destinations.find(({ host: named }) => named === fqdn)?.ports[0]?.routes[0];
    expect(routed?.retries).toEqual({
      attempts: 1,
      perTry: "none",
      on: ["cancelled", "connect-failure", "refused-stream", "unavailable"],
      statuses: [],
    });
  },
);
