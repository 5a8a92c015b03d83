import { expect, test } from "vitest";
import { answering, smallServer } from "./cluster/fixture.ts";
import { clusterApi } from "./cluster/index.ts";
import { reclaimed } from "./reclaimed.ts";

const conflictWith = (manager: string, field: string) => ({
  reason: "FieldManagerConflict",
  message: `conflict with "${manager}"`,
  field,
});
const refusing = (...causes: readonly object[]) => answering(409, { details: { causes } });

const wanted = { apiVersion: "v1", kind: "ConfigMap", metadata: { namespace: "shop", name: "cart" } };

test("an object that is there for an apply and for no look is given up", async () => {
  const server = await smallServer((request, response, incoming) => {
    const isApply = request.method === "PATCH";
    const answer = isApply
      ? refusing(conflictWith("rival", ".spec.hosts"))
      : answering(404, { details: { name: "cart" } });
    answer(request, response, incoming);
  });
  const api = clusterApi({ access: server.access });
  await expect(
    reclaimed(api, wanted, () => [".spec.hosts"], { signal: AbortSignal.timeout(4000) }),
  ).rejects.toMatchObject({ kind: "conflict", conflicts: [{ manager: "rival", field: ".spec.hosts" }] });
  expect(server.seen.filter(({ method }) => method === "PATCH").length).toBe(3);
  await api.close();
  await server.close();
});

test("who claims a field after the refusal, and before the look, keeps it", async () => {
  const edit = conflictWith("kubectl-edit", ".spec.hosts");
  const managedFields = [
    { manager: "kubectl-edit", operation: "Update" },
    { manager: "rival", operation: "Apply" },
  ];
  const server = await smallServer(
    refusing(edit),
    answering(200, { ...wanted, metadata: { ...wanted.metadata, resourceVersion: "2", managedFields } }),
    refusing(edit, conflictWith("rival", ".spec.http")),
  );
  const api = clusterApi({ access: server.access });
  await expect(
    reclaimed(api, wanted, () => [".spec.hosts", ".spec.http"], { signal: AbortSignal.timeout(4000) }),
  ).rejects.toMatchObject({ conflicts: [{ manager: "kubectl-edit" }, { manager: "rival" }] });
  expect(server.seen.filter(({ url }) => url.includes("force=true"))).toEqual([]);
  await api.close();
  await server.close();
});
