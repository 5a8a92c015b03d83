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
/** By `by`, all of it. */
const stored = (annotations: object, labels: object = {}, by = "meshwright"): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: {
    ...{ name: "inventory", namespace: "shop", uid: "u", resourceVersion: "1", annotations, labels },
    managedFields: [
      {
        manager: by,
        operation: "Apply",
        apiVersion: "v1",
        fieldsV1: {
          "f:metadata": {
            "f:annotations": Object.fromEntries(Object.keys(annotations).map((key) => [`f:${key}`, {}])),
          },
        },
      },
    ],
  },
});
const started = async (...answers: readonly Answering[]) => {
  const server = await smallServer(...answers);
  const api = clusterApi({ access: server.access, retries: { attempts: 1 } });
  closing.push(api.close, server.close);
  return { set: applySet({ api, parent, tooling }), seen: server.seen };
};
const own = (more: object, by?: string): object =>
  stored(
    { "applyset.kubernetes.io/tooling": "mesh-sync/1.0.0", ...more },
    { "applyset.kubernetes.io/id": applySetId(parent) },
    by,
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

test("a tree that was checked stays said until another one is, and says nothing to another version, or by somebody else", async () => {
  const before = own({ "meshwright.dev/types-checked": "mesh-sync/1.0.0 c0ffee" });
  const later = own({ "meshwright.dev/types-checked": "mesh-sync/0.9.0 c0ffee" });
  const { set, seen } = await started(
    ...[before, later, own({ "meshwright.dev/types-checked": "mesh-sync/1.0.0 c0ffee" }, "somebody"), stored({})].map(
      (found) => answering(200, found),
    ),
    ...[answering(200, before), answering(200, before), answering(200, before), answering(200, before)],
  );
  const checked = [await set.checked(), await set.checked(), await set.checked(), await set.checked()];
  expect(checked).toEqual(["c0ffee", undefined, undefined, undefined]);
  await set.widen({ namespaces: ["mall"] });
  await set.narrow({ checked: "decaf" });
  const written = seen.flatMap(({ method, body }) => (method === "PATCH" ? [body] : []));
  expect(
    written.map((body) => {
      const { metadata } = JSON.parse(body) as { readonly metadata: { readonly annotations: Record<string, string> } };
      return metadata.annotations["meshwright.dev/types-checked"];
    }),
  ).toEqual(["mesh-sync/1.0.0 c0ffee", "mesh-sync/1.0.0 decaf"]);
});

test("a tree is not noted where somebody else wrote, and what they wrote is not said again", async () => {
  const theirs = own({ "meshwright.dev/types-checked": "mesh-sync/1.0.0 c0ffee" }, "somebody");
  const { set, seen } = await started(answering(200, theirs), answering(200, theirs), answering(200, theirs));
  await set.widen({ namespaces: ["mall"], checked: "decaf" });
  const written = seen.flatMap(({ method, body }) => (method === "PATCH" ? [body] : []));
  expect(written).toHaveLength(1);
  expect(written[0]).not.toContain("types-checked");
});

test("another tool's parent is refused before anything is written", async () => {
  const { set, seen } = await started(
    answering(200, stored({ "applyset.kubernetes.io/tooling": "mesh-synced/1.0.0" })),
  );
  await expect(set.widen({ namespaces: ["mall"] })).rejects.toThrow("its objects are managed by `mesh-synced/1.0.0`");
  expect(seen.length).toBe(1);
});
