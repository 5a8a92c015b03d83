import { expect, test } from "vitest";
import { randomMesh } from "../../../golden/random/mesh.ts";
import { placement } from "./state.ts";

test("every workload of the mesh is placed, those without a pod with none, and no pod of another mesh", () => {
  const { mesh } = randomMesh(1);
  const spec = { namespace: "shop", name: "alpha-v1", labels: {}, ports: [], kind: "sidecar" } as const;
  const { instances, addresses } = placement(
    mesh,
    [
      { spec, pod: "alpha-v1-1", address: "10.244.0.10" },
      { spec, pod: "alpha-v1-2", address: "10.244.0.11" },
      { spec: { ...spec, name: "stranger" }, pod: "stranger-3", address: "10.244.0.12" },
    ],
    { "shop/alpha": ["10.96.7.1"] },
  );
  expect(Object.keys(instances)).toEqual(mesh.workloads.map(({ id }) => id));
  expect(instances["shop/alpha-v1"]).toEqual([{ address: "10.244.0.10" }, { address: "10.244.0.11" }]);
  expect(Object.values(instances).flat()).toHaveLength(2);
  expect(addresses).toEqual({ "shop/alpha": ["10.96.7.1"] });
});
