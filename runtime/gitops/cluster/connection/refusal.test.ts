import { expect, test } from "vitest";
import { refusal } from "./refusal.ts";

const refused = (status: number, body: unknown, retryAfter?: string) =>
  refusal("v1 ConfigMap shop/a", { status, retryAfter, body: typeof body === "string" ? body : JSON.stringify(body) });

test("a 404 is of the object or its namespace where it names one, and of the kind otherwise", () => {
  expect(refused(404, { message: 'configmaps "a" not found', details: { name: "a", kind: "configmaps" } }).kind).toBe(
    "not-found",
  );
  expect(refused(404, { message: 'namespaces "shop" not found', details: { name: "shop" } }).kind).toBe("not-found");
  expect(refused(404, "404 page not found\n").kind).toBe("no-such-kind");
  expect(refused(404, { message: "the server could not find the requested resource", details: {} }).kind).toBe(
    "no-such-kind",
  );
});

test("a 500 is permanent where an object does not fit its schema, and may pass otherwise", () => {
  const typed = "failed to create typed patch object (shop/a; networking.istio.io/v1, Kind=VirtualService)";
  for (const message of [
    `${typed}: .spec.hostz: field not declared in schema`,
    `${typed}: .spec.hosts: expected list, got &{typo}`,
  ])
    expect(refused(500, { message }).kind).toBe("invalid");
  expect(refused(500, { message: "Internal error occurred: failed calling webhook: connection refused" }).kind).toBe(
    "server",
  );
  expect(refused(500, { reason: "ServerTimeout", details: { retryAfterSeconds: 2 } })).toMatchObject({
    kind: "busy",
    retryAfterMs: 2000,
  });
});

test("every conflict names its manager and its field", () => {
  const cause = (message: string, field: string) => ({ reason: "FieldManagerConflict", message, field });
  const error = refused(409, {
    message: "Apply failed with 2 conflicts",
    details: {
      causes: [
        cause('conflict with "kubectl-edit" using networking.istio.io/v1 at 2026-01-01T00:00:00Z', ".spec.hosts"),
        cause('conflict with "a \\"b\\"" with subresource "status" using v1', '.spec.ports[name="http"].port'),
      ],
    },
  });
  expect(error.conflicts).toEqual([
    { manager: "kubectl-edit", field: ".spec.hosts" },
    { manager: 'a "b"', field: '.spec.ports[name="http"].port' },
  ]);
  expect(error.message).toBe(
    'v1 ConfigMap shop/a: others own .spec.hosts (kubectl-edit), .spec.ports[name="http"].port (a "b")',
  );
});

test("a wait is read as seconds and as a date", () => {
  expect(refused(429, {}, "7").retryAfterMs).toBe(7000);
  expect(refused(503, {}, "Wed, 21 Oct 2015 07:28:00 GMT").retryAfterMs).toBe(0);
  expect(refused(503, {}, "soon").retryAfterMs).toBeUndefined();
});

test("a wait that no timer can wait is an hour", () => {
  for (const wish of ["9999999", "9".repeat(400), "Fri, 31 Dec 9999 23:59:59 GMT"])
    expect(refused(429, {}, wish).retryAfterMs).toBe(3_600_000);
  expect(refused(429, { details: { retryAfterSeconds: 9_999_999 } }).retryAfterMs).toBe(3_600_000);
});

test("what no API server says is still told, and not at any length", () => {
  expect(refused(302, "<html>").message).toBe("v1 ConfigMap shop/a: the API server answered 302");
  expect(refused(502, "null").kind).toBe("server");
  expect(refused(400, { message: "x".repeat(100_000) }).message.length).toBe(2000);
});

test("a namespace that ends is missing, and other forbidden things are forbidden", () => {
  expect(refused(403, { details: { causes: [{ reason: "NamespaceTerminating" }] } }).kind).toBe("not-found");
  expect(refused(403, { message: "exceeded quota" }).kind).toBe("forbidden");
});
