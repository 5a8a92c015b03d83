import { createServer, request } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { compile } from "../../compiler/pipeline.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { noEdits, type Route } from "../../lib/model/route.ts";
import { localMesh, type LocalMeshOptions, type RunningMesh } from "./local-mesh.ts";
import type { LocalProxyKind } from "./proxies/kind.ts";
import { meshProxy } from "./proxies/mesh-proxy.ts";

const repository = join(import.meta.dirname, "../..");
const folder = join(repository, "policies", "greeter");
const { value } = await compile(folder, { types: false });
const { mesh } = value!;

const proxies = meshProxy([process.execPath, join(repository, "cli", "mesh-proxy.ts")]);

const running = async (more: Partial<LocalMeshOptions> = {}) => {
  const said: string[] = [];
  const local = await localMesh({
    folder,
    proxies,
    portsFrom: 23_000,
    spansOf: () => Promise.resolve(new Map()),
    told: { line: (who, text) => said.push(`${who}: ${text}`), ended: (who, how) => said.push(`${who}: ${how}`) },
    ...more,
  });
  onTestFinished(local.stop);
  return { local, said };
};

const nothingSaid = { workloads: {}, gateways: {} } as const;

interface Greeting {
  readonly workload: string;
  /** Which revision's route the caller's proxy went by. */
  readonly revision: string | undefined;
}

/** What came of a call of the caller's application; undefined where it was refused. */
const greeting = (port: number): Promise<Greeting | undefined> =>
  new Promise((resolve, reject) => {
    request({ port, host: "127.0.0.1", path: "/", headers: { host: "greeter" }, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        if (response.statusCode !== 200) return resolve(undefined);
        const { workload, headers } = JSON.parse(text) as Pick<Greeting, "workload"> & {
          readonly headers: Readonly<Record<string, string>>;
        };
        resolve({ workload, revision: headers["x-revision"] });
      });
    })
      .once("error", reject)
      .end();
  });

const greeted = async (port: number): Promise<string | undefined> => (await greeting(port))?.workload;

const callsOf = (local: RunningMesh): number =>
  local.placement().instances["greeter/caller"]?.[0]?.loopback?.services["80"] ?? 0;

const withRoutes = (of: Mesh, change: (route: Route) => Route): Mesh => ({
  ...of,
  destinations: of.destinations.map((destination) => ({
    ...destination,
    ports: destination.ports.map((port) => ({ ...port, routes: port.routes.map(change) })),
  })),
});

/** With routes that end before they begin: no law lets one through, and no proxy takes it. */
const unreadable = (of: Mesh): Mesh => withRoutes(of, (route) => ({ ...route, timeout: -1 }));

/** Calls say that they went by it. */
const revised = (of: Mesh, revision: string): Mesh =>
  withRoutes(of, (route) => ({ ...route, requestHeaders: { ...noEdits, set: [["x-revision", revision]] } }));

/** With one workload more, and a service that only its proxy is told of. */
const withNewcomer = (of: Mesh, service: (mesh: Mesh) => Mesh): Mesh => {
  const caller = of.workloads.find(({ id }) => id === "greeter/caller")!;
  const hidden = service(of).destinations.map((destination) => ({
    ...destination,
    host: "hidden.greeter.svc.cluster.local",
    aliases: { anywhere: [], sameNamespace: [] },
  }));
  return {
    ...of,
    workloads: [...of.workloads, { ...caller, id: "greeter/newcomer", name: "newcomer", labels: {} }],
    destinations: [...of.destinations, ...hidden],
  };
};

test(
  "what a proxy refuses is said, and every proxy goes by what was in force before",
  { timeout: 60_000 },
  async () => {
    const { local } = await running();
    await local.taken({ mesh }, nothingSaid);
    const port = callsOf(local);
    expect(await greeted(port)).toMatch(/^greeter\/greeter-v/);
    await expect(local.taken({ mesh: unreadable(mesh) }, nothingSaid)).rejects.toThrow(
      /^the proxy of greeter\/caller refuses its configuration: /,
    );
    expect(await greeted(port)).toMatch(/^greeter\/greeter-v/);
    await local.taken({ mesh }, nothingSaid);
    expect(await greeted(port)).toMatch(/^greeter\/greeter-v/);
  },
);

/** A newcomer's proxy is started only after the caller's goes by the second revision. */
const newcomerIsLate = (callsAt: () => number): LocalProxyKind => ({
  ...proxies,
  prepared: async (proxy, of) => {
    if (proxy.workload.id === "greeter/newcomer")
      await vi.waitFor(async () => expect((await greeting(callsAt()))?.revision).toBe("2"), patience);
    return proxies.prepared(proxy, of);
  },
});

const patience = { timeout: 20_000 };

test("who went over before another proxy refused goes back", { timeout: 60_000 }, async () => {
  let port = 0;
  const { local } = await running({ proxies: newcomerIsLate(() => port) });
  await local.taken({ mesh: revised(mesh, "1") }, nothingSaid);
  port = callsOf(local);
  const before = await greeting(port);
  expect(before?.revision).toBe("1");
  await expect(local.taken({ mesh: withNewcomer(revised(mesh, "2"), unreadable) }, nothingSaid)).rejects.toThrow(
    /^the proxy of greeter\/newcomer refuses its configuration: /,
  );
  await vi.waitFor(async () => expect((await greeting(port))?.revision).toBe("1"), patience);
  expect([...local.counts().keys()]).not.toContain("greeter/newcomer");
});

test("who went over before another proxy was given up goes back", { timeout: 60_000 }, async () => {
  let port = 0;
  const late = newcomerIsLate(() => port);
  const { local } = await running({
    proxies: { ...late, serves: ({ workload: { id } }) => Promise.resolve(id !== "greeter/newcomer") },
    patienceMs: 8000,
  });
  await local.taken({ mesh: revised(mesh, "1") }, nothingSaid);
  port = callsOf(local);
  await expect(local.taken({ mesh: withNewcomer(revised(mesh, "2"), (same) => same) }, nothingSaid)).rejects.toThrow(
    "the proxy of greeter/newcomer does not take its configuration",
  );
  await vi.waitFor(async () => expect((await greeting(port))?.revision).toBe("1"), patience);
  expect([...local.counts().keys()]).not.toContain("greeter/newcomer");
});

test("where an application cannot be played, the others go back to what they were", { timeout: 60_000 }, async () => {
  const { local } = await running();
  const only = withRoutes(mesh, (route) => ({
    ...route,
    backends: route.backends.filter(({ subset }) => subset === "v1").map((one) => ({ ...one, weight: 1_000_000 })),
  }));
  await local.taken({ mesh: only }, nothingSaid);
  const port = callsOf(local);
  const echoes = local.placement().instances["greeter/greeter-v2"]?.[0]?.loopback?.applications[8080] ?? 0;
  const elsewhere = { ...nothingSaid, workloads: { "greeter/greeter-v2": { address: "127.0.0.1:9" } } };
  await local.taken({ mesh: only }, elsewhere);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(echoes, "127.0.0.1", resolve));
  onTestFinished(() => void other.close());
  const swapped = { ...nothingSaid, workloads: { "greeter/greeter-v1": { address: "127.0.0.1:9" } } };
  await expect(local.taken({ mesh: only }, swapped)).rejects.toThrow("EADDRINUSE");
  await vi.waitFor(async () => expect(await greeted(port)).toBe("greeter/greeter-v1"), patience);
});

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
