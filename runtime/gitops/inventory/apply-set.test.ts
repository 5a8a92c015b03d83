import { afterEach, expect, test } from "vitest";
import { clusterApi } from "../cluster/index.ts";
import { answering, smallServer, type Answering } from "../cluster/fixture.ts";
import { applySet } from "./apply-set.ts";
import { applySetId, groupKind } from "./identifier.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const parent = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "inventory" };
const tooling = { name: "mesh-sync", version: "1.0.0" };
const stored = (annotations: object, labels: object = {}): object => ({
  metadata: { name: "inventory", namespace: "shop", uid: "u", resourceVersion: "1", annotations, labels },
});
const started = async (...answers: readonly Answering[]) => {
  const server = await smallServer(...answers);
  const api = clusterApi({ access: server.access, retries: { attempts: 1 } });
  closing.push(api.close, server.close);
  return { set: applySet({ api, parent, tooling }), seen: server.seen };
};
const own = (more: object): object =>
  stored(
    { "applyset.kubernetes.io/tooling": "mesh-sync/1.0.0", ...more },
    { "applyset.kubernetes.io/id": applySetId(parent) },
  );

test("an identifier is the one that kubectl computes", () => {
  expect(applySetId({ apiVersion: "v1", kind: "Secret", namespace: "test", name: "my-set" })).toBe(
    "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1",
  );
  expect([groupKind({ apiVersion: "networking.istio.io/v1", kind: "Sidecar" }), groupKind(parent)]).toEqual([
    "Sidecar.networking.istio.io",
    "ConfigMap",
  ]);
});

test("widening keeps what was said, says it all again, and means the parent that was read", async () => {
  const before = own({
    "applyset.kubernetes.io/contains-group-kinds": "Secret",
    "applyset.kubernetes.io/additional-namespaces": "mall",
    "meshwright.dev/rollout": "c0ffee",
  });
  const { set, seen } = await started(answering(200, before), answering(200, before));
  await set.widen({ kinds: [{ apiVersion: "networking.istio.io/v1", kind: "Sidecar" }], namespaces: ["shop", "fair"] });
  expect(JSON.parse(seen[1]?.body ?? "").metadata).toEqual({
    name: "inventory",
    namespace: "shop",
    uid: "u",
    labels: { "applyset.kubernetes.io/id": set.id },
    annotations: {
      "applyset.kubernetes.io/tooling": "mesh-sync/1.0.0",
      "applyset.kubernetes.io/contains-group-kinds": "Secret,Sidecar.networking.istio.io",
      "applyset.kubernetes.io/additional-namespaces": "fair,mall",
      "meshwright.dev/rollout": "c0ffee",
    },
  });
});

test("what is said already is not written again", async () => {
  const before = own({
    "applyset.kubernetes.io/contains-group-kinds": "Secret",
    "applyset.kubernetes.io/additional-namespaces": "",
  });
  const { set, seen } = await started(answering(200, before));
  await set.widen({ kinds: [{ apiVersion: "v1", kind: "Secret" }], namespaces: ["shop"] });
  await set.narrow({ kinds: [{ apiVersion: "v1", kind: "Secret" }] });
  expect(seen.map(({ method }) => method)).toEqual(["GET", "GET"]);
});

test("another tool's parent is refused before anything is written", async () => {
  const { set, seen } = await started(
    answering(200, stored({ "applyset.kubernetes.io/tooling": "mesh-synced/1.0.0" })),
  );
  await expect(set.widen({ namespaces: ["mall"] })).rejects.toThrow("its objects are managed by `mesh-synced/1.0.0`");
  expect(seen.length).toBe(1);
});
