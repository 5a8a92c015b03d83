import { afterAll, expect, test } from "vitest";
import type { KubernetesObject } from "../../targets/istio/object.ts";
import { answering, sent, smallServer, stored, type Answering, type SmallServer } from "./cluster/fixture.ts";
import { clusterApi } from "./cluster/index.ts";
import { foreignAmong } from "./foreign.ts";

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing) await close();
});

const asked = async (server: SmallServer, objects: readonly KubernetesObject[]): Promise<readonly string[]> => {
  const api = clusterApi({ access: server.access });
  closing.push(api.close, server.close);
  return [...(await foreignAmong(objects, api, new AbortController().signal)).keys()];
};
const objects = (count: number, more: object = {}): readonly KubernetesObject[] =>
  Array.from({ length: count }, (_, index) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: `c${index}`, namespace: "shop" },
    spec: {},
    ...more,
  }));

/** Has `c3` and others' `theirs` in the namespace. */
const two: Answering = (request, response) => {
  if (request.url.includes("?")) return sent(response, 200, { metadata: {}, items: [stored("c3"), stored("theirs")] });
  return request.url.endsWith("/c3")
    ? sent(response, 200, stored("c3"))
    : sent(response, 404, { kind: "Status", reason: "NotFound", details: { name: "c" } });
};

test("of many that are new, one list says which are there already", async () => {
  const server = await smallServer(two);
  expect(await asked(server, objects(20))).toEqual(["ConfigMap shop/c3"]);
  expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
    "GET /api/v1/namespaces/shop/configmaps?limit=500",
    "GET /api/v1/namespaces/shop/configmaps/c3",
  ]);
});

test("of a few, each is looked for by itself, whatever else the namespace holds", async () => {
  const server = await smallServer(two);
  expect(await asked(server, objects(4))).toEqual(["ConfigMap shop/c3"]);
  expect(server.seen.map(({ url }) => url.split("/").at(-1)).sort()).toEqual(["c0", "c1", "c2", "c3"]);
});

test("kinds that the cluster does not have are said, all of them", async () => {
  const server = await smallServer(answering(404, {}));
  const unknown = [...objects(20, { kind: "Sidecar" }), ...objects(2, { kind: "Gateway" })];
  await expect(asked(server, unknown)).rejects.toThrow("the cluster has no Sidecar (v1), Gateway (v1)");
});
