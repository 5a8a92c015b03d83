import { expect, test } from "vitest";
import { capturedPlacement } from "../../golden/random/placement.ts";
import { randomMesh } from "../../golden/random/mesh.ts";
import { nowhere } from "../../lib/graph/placement.ts";
import { omissions } from "./omissions.ts";

const { graph, mesh } = randomMesh(3);
const placement = capturedPlacement(graph);

test("a mesh that is placed as a whole lacks nothing", () => expect(omissions(mesh, placement)).toEqual([]));

test("a mesh that nobody placed is one warning", () =>
  expect(omissions(mesh, nowhere).map(({ message }) => message)).toEqual([
    "nobody says where anything runs: proxies know no endpoints",
  ]));

test("a service that is called and has no instance is named", () => {
  const called = mesh.destinations.find(({ host }) => host.startsWith("beta.shop"))!;
  const instances = { ...placement.instances };
  for (const id of called.workloads) delete instances[id];
  expect(omissions(mesh, { ...placement, instances })).toMatchObject([
    { code: "MESH5007", severity: "warning", message: expect.stringContaining(called.host) as string },
  ]);
});

test("a port without HTTP wants an address of its service", () =>
  expect(
    omissions(mesh, { ...placement, addresses: {} })
      .map(({ message }) => message)
      .join("\n"),
  ).toMatch(/calls to its port \d+ are known by instances' addresses alone/));
