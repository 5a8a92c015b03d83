import { expect, test } from "vitest";
import { capturedPlacement } from "../../golden/random/placement.ts";
import { randomMesh } from "../../golden/random/mesh.ts";
import { nowhere, type Placement } from "../../lib/graph/placement.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { omissions } from "./omissions.ts";

const { graph, mesh } = randomMesh(3);
const placement = capturedPlacement(graph);
const without = (...ids: readonly string[]): Placement => ({
  ...placement,
  instances: Object.fromEntries(Object.entries(placement.instances).filter(([id]) => !ids.includes(id))),
});
const messages = (of: Mesh, placed: Placement): readonly string[] =>
  omissions(of, placed).map(({ message }) => message);

test("a mesh that is placed as a whole lacks nothing", () => expect(omissions(mesh, placement)).toEqual([]));

test("a mesh that nobody placed is one warning", () =>
  expect(messages(mesh, nowhere)).toEqual(["nobody says where anything runs: no proxy is told anything"]));

test("a service that is called and has no instance is named, once for all of its workloads", () => {
  const called = mesh.destinations.find(({ host }) => host.startsWith("beta.shop"))!;
  expect(messages(mesh, without(...called.workloads))).toEqual([
    `nobody says where ${called.host} runs: whoever calls it is answered 503`,
  ]);
});

test("a proxy that runs nowhere and is called by nobody is told nothing", () =>
  expect(messages(mesh, without("edge/ingress"))).toEqual([
    "nobody says where edge/ingress runs: its proxy is told nothing",
  ]));

test("a port without HTTP wants an address of its service", () =>
  expect(messages(mesh, { ...placement, addresses: {} }).join("\n")).toMatch(
    /calls to its port \d+ are known by instances' addresses alone/,
  ));

test("a port whose requests are not read is named", () => {
  const destinations = mesh.destinations.map((one) =>
    one.host.startsWith("beta.shop")
      ? { ...one, ports: one.ports.map((port) => ({ ...port, protocol: "grpc" as const })) }
      : one,
  );
  expect(omissions({ ...mesh, destinations }, placement)).toMatchObject([
    { code: "MESH5009", severity: "warning", message: expect.stringContaining("speaks grpc on port") as string },
  ]);
});
