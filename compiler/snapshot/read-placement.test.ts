import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nowhere } from "../../lib/graph/placement.ts";
import { readPlacement } from "./read-placement.ts";
import { readSnapshot } from "./read-snapshot.ts";

const graph = async () => (await readSnapshot(join(import.meta.dirname, "../../policies/greeter"))).value!.graph;
let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "meshwright-placement-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

const read = async (text: string) => {
  await writeFile(join(folder, "placement.yaml"), text);
  const { value, diagnostics } = await readPlacement(folder, await graph());
  const at = diagnostics.map(({ place }) => place && "span" in place && `${place.span.line}:${place.span.column}`);
  return { value, told: diagnostics.map(({ code, message }, index) => `${code} ${at[index]} ${message}`) };
};

test("a folder without the file places nothing", async () => {
  expect(await readPlacement(join(folder, "none"), await graph())).toEqual({ value: nowhere, diagnostics: [] });
});

test("what is written is what is placed", async () => {
  const { value } = await read("workloads:\n  greeter/greeter-v1: [{ address: 10.0.0.1, ports: { 8080: 18080 } }]\n");
  expect(value?.instances).toEqual({ "greeter/greeter-v1": [{ address: "10.0.0.1", ports: { 8080: 18080 } }] });
});

test.each([
  [
    "a workload that nobody has",
    "workloads: { greeter/greter-v1: [{ address: 10.0.0.1 }] }",
    /MESH4050 1:\d+ .*greter-v1/,
  ],
  ["a service that nobody has", "services: { greeter/greet: [10.0.0.1] }", /MESH4050 1:\d+ /],
  ["an address that is a name", "workloads: { greeter/caller: [{ address: localhost }] }", /MESH4032 .*an IP address/],
  ["a property that nothing reads", "workload: {}", /MESH4032 .*absent/],
  [
    "a service's port in the place of the workload's",
    "workloads:\n  greeter/greeter-v1:\n    - { address: 10.0.0.1, ports: { 80: 18080 } }",
    /MESH4050 3:\d+ .*port of greeter\/greeter-v1/,
  ],
  ["a port that is none", "workloads: { greeter/caller: [{ address: 10.0.0.1, ports: { http: 1 } }] }", /MESH4032 /],
  ["what is no YAML", "workloads: [", /MESH4003 /],
])("%s is told at its place", async (_, text, expected) => {
  const { value, told } = await read(text);
  expect(value).toBeUndefined();
  expect(told.join("\n")).toMatch(expected);
});
