import { expect, test } from "vitest";
import { answering, smallServer } from "./cluster/fixture.ts";
import { clusterApi } from "./cluster/index.ts";
import { reclaimed } from "./reclaimed.ts";

const wanted = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "shop", name: "cart" } };

test("an object that is there for an apply and for no look is given up", async () => {
  const conflict = { reason: "FieldManagerConflict", message: 'conflict with "rival"', field: ".spec.hosts" };
  const server = await smallServer((request, response, incoming) => {
    const isApply = request.method === "PATCH";
    const body = isApply ? { details: { causes: [conflict] } } : { details: { name: "cart" } };
    answering(isApply ? 409 : 404, body)(request, response, incoming);
  });
  const api = clusterApi({ access: server.access });
  await expect(
    reclaimed(api, wanted, () => [".spec.hosts"], { signal: AbortSignal.timeout(4000) }),
  ).rejects.toMatchObject({ kind: "conflict", conflicts: [{ manager: "rival", field: ".spec.hosts" }] });
  expect(server.seen.filter(({ method }) => method === "PATCH").length).toBe(3);
  await api.close();
  await server.close();
});
