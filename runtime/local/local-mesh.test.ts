import { request } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compile } from "../../compiler/pipeline.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { localMesh } from "./local-mesh.ts";
import { meshProxy } from "./proxies/mesh-proxy.ts";

const repository = join(import.meta.dirname, "../..");
const folder = join(repository, "policies", "greeter");
const { value } = await compile(folder, { types: false });
const { mesh } = value!;

const running = async () => {
  const said: string[] = [];
  const local = await localMesh({
    folder,
    proxies: meshProxy([process.execPath, join(repository, "cli", "mesh-proxy.ts")]),
    portsFrom: 23_000,
    spansOf: () => Promise.resolve(new Map()),
    told: { line: (who, text) => said.push(`${who}: ${text}`), ended: (who, how) => said.push(`${who}: ${how}`) },
  });
  onTestFinished(local.stop);
  return { local, said };
};

const nothingSaid = { workloads: {}, gateways: {} } as const;

/** Who answered a call of the caller's application. */
const greeted = (port: number): Promise<string | undefined> =>
  new Promise((resolve, reject) => {
    request({ port, host: "127.0.0.1", path: "/", headers: { host: "greeter" }, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () =>
        resolve(response.statusCode === 200 ? (JSON.parse(text) as { workload: string }).workload : undefined),
      );
    })
      .once("error", reject)
      .end();
  });

/** With routes that end before they begin: no law lets one through, and no proxy takes it. */
const unreadable = (of: Mesh): Mesh => ({
  ...of,
  destinations: of.destinations.map((destination) => ({
    ...destination,
    ports: destination.ports.map((port) => ({
      ...port,
      routes: port.routes.map((route) => ({ ...route, timeout: -1 })),
    })),
  })),
});

test(
  "what a proxy refuses is said, and every proxy goes by what was in force before",
  { timeout: 60_000 },
  async () => {
    const { local } = await running();
    await local.taken({ mesh }, nothingSaid);
    const port = local.placement().instances["greeter/caller"]?.[0]?.loopback?.services["80"] ?? 0;
    expect(await greeted(port)).toMatch(/^greeter\/greeter-v/);
    await expect(local.taken({ mesh: unreadable(mesh) }, nothingSaid)).rejects.toThrow(
      /^the proxy of greeter\/caller refuses its configuration: /,
    );
    expect(await greeted(port)).toMatch(/^greeter\/greeter-v/);
    await local.taken({ mesh }, nothingSaid);
    expect(await greeted(port)).toMatch(/^greeter\/greeter-v/);
  },
);

test("what the mesh has no more ends, and comes back with it", { timeout: 60_000 }, async () => {
  const { local, said } = await running();
  await local.taken({ mesh }, nothingSaid);
  const fewer = { ...mesh, workloads: mesh.workloads.filter(({ id }) => id !== "greeter/greeter-v2") };
  await local.taken({ mesh: fewer }, nothingSaid);
  expect([...local.counts().keys()].sort()).toEqual(["greeter/caller", "greeter/greeter-v1"]);
  await local.taken({ mesh }, nothingSaid);
  expect([...local.counts().keys()].sort()).toEqual(["greeter/caller", "greeter/greeter-v1", "greeter/greeter-v2"]);
  expect(said).toEqual([]);
});

test("a mesh that is ended while it starts leaves nothing that runs", { timeout: 60_000 }, async () => {
  const { local } = await running();
  const taking = local.taken({ mesh }, nothingSaid);
  const outcome = expect(taking).rejects.toThrow("the mesh was ended");
  await new Promise((resolve) => setTimeout(resolve, 100));
  await local.stop();
  await outcome;
  await expect(local.taken({ mesh }, nothingSaid)).rejects.toThrow("the mesh was ended");
});
