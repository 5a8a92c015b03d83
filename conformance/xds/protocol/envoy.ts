/** A real Envoy with nothing but a way to its control plane, under requests while its view changes. */
import { writeFileSync } from "node:fs";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { install, versions } from "../../rig/install.ts";
import { child, eventually, runDirectory, type Child } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { control, type Control } from "./control.ts";
import { freePort } from "../../rig/free-port.ts";
import { backend, cluster, endpoints, listener, routes, view, type Backend } from "./scene.ts";

const viewChanges = 40;

const bootstrap = (protocol: "DELTA_GRPC" | "GRPC", controlPort: number, adminPort: number) => ({
  node: { id: "envoy-under-test", cluster: "conformance" },
  admin: { address: { socketAddress: { address: "127.0.0.1", portValue: adminPort } } },
  dynamicResources: {
    adsConfig: {
      apiType: protocol,
      transportApiVersion: "V3",
      grpcServices: [{ envoyGrpc: { clusterName: "control" } }],
    },
    cdsConfig: { ads: {}, resourceApiVersion: "V3" },
    ldsConfig: { ads: {}, resourceApiVersion: "V3" },
  },
  staticResources: {
    clusters: [
      {
        name: "control",
        type: "STATIC",
        connectTimeout: "1s",
        typedExtensionProtocolOptions: {
          "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            explicitHttpConfig: { http2ProtocolOptions: {} },
          },
        },
        loadAssignment: {
          clusterName: "control",
          endpoints: [
            {
              lbEndpoints: [
                { endpoint: { address: { socketAddress: { address: "127.0.0.1", portValue: controlPort } } } },
              ],
            },
          ],
        },
      },
    ],
  },
});

const answerOf = (port: number, agent?: Agent): Promise<{ readonly status: number; readonly body: string }> =>
  new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, agent: agent ?? false, timeout: 5000 }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
    }).on("error", reject);
  });

/** Requests one after the other, on new connections and kept ones, until stopped; every one that is not answered 200. */
const traffic = (port: number) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const failures: string[] = [];
  let count = 0;
  const over = new AbortController();
  const lane = async (agent?: Agent): Promise<void> => {
    while (!over.signal.aborted) {
      count += 1;
      const answer = await answerOf(port, agent).catch((error: unknown) => ({ status: 0, body: String(error) }));
      if (answer.status !== 200) failures.push(`${agent ? "kept" : "new"} ${answer.status} ${answer.body}`);
      await sleep(1);
    }
  };
  const lanes = [lane(), lane(agent), lane()];
  return {
    failures,
    count: () => count,
    stopped: async () => {
      over.abort();
      await Promise.all(lanes);
      agent.destroy();
    },
  };
};

interface Scene {
  readonly verdicts: Verdicts;
  readonly name: string;
  readonly started: (control: Control) => void;
  readonly control: () => Control;
  readonly envoy: Child;
  readonly port: number;
  readonly adminPort: number;
  readonly backends: readonly Backend[];
  readonly saysWhatItHolds: boolean;
}

/** All of the view changes: another cluster, its endpoints, other routes under another name, a listener that says so. */
const nth = (port: number, backends: readonly Backend[], index: number) => {
  const to = backends[index % backends.length] as Backend;
  const name = `c${index}`;
  // Every third keeps its cluster's name and changes it, so that it warms again under traffic.
  const kept = cluster("kept", { connectTimeout: `${1 + index}s` });
  const isKept = index % 3 === 0;
  // A new name every eighth time; else the same routes change what they say.
  const routeName = `r${Math.floor(index / 8)}`;
  return view({
    cluster: [kept, cluster(name)],
    endpoints: [endpoints("kept", to.port), endpoints(name, to.port)],
    listener: [listener("main", port, routeName, index % 16 === 0 ? `p${index}` : "in")],
    routes: [routes(routeName, isKept ? "kept" : name)],
  });
};

const synced = (scene: Scene, what: string): Promise<true> =>
  eventually(
    what,
    () => {
      const [status] = scene.control().ads.clients();
      return status?.synced === true ? true : undefined;
    },
    { needs: [scene.envoy], timeoutMs: 25_000 },
  );

const changesUnderTraffic = async (scene: Scene): Promise<void> => {
  const { verdicts, name, port, backends } = scene;
  const load = traffic(port);
  const started = performance.now();
  for (let index = 1; index <= viewChanges; index += 1) {
    scene.control().shows(nth(port, backends, index));
    // Some are superseded on their way.
    if (index % 4 !== 1) await synced(scene, `${name}: view ${index} acknowledged`);
  }
  await synced(scene, `${name}: the last view acknowledged`);
  const ms = Math.round((performance.now() - started) / viewChanges);
  await load.stopped();
  const what = `${name}: ${viewChanges} views under ${load.count()} requests`;
  const { refusals } = scene.control();
  if (load.failures.length > 0)
    verdicts.fail(what, `${load.failures.length} failed: ${[...new Set(load.failures)].slice(0, 3).join("; ")}`);
  else if (refusals.length > 0) verdicts.fail(what, `refused: ${refusals[0]?.message}`);
  else verdicts.pass(what);
  verdicts.say(`${name}: ${ms} ms from a view to its acknowledgement`);
};

const restartUnderTraffic = async (scene: Scene): Promise<void> => {
  const { verdicts, name, port, backends } = scene;
  const load = traffic(port);
  scene.control().killed();
  await sleep(500);
  // What changed while nobody could say so, with clusters and routes that are gone. A set cannot say what it replaces, so
  // a server that knows nothing can only keep what a client of sets needs as long as its view is the same.
  const missed = nth(port, backends, scene.saysWhatItHolds ? 101 : viewChanges);
  scene.started(await control(missed, scene.control().port));
  if (!scene.saysWhatItHolds) {
    await synced(scene, `${name}: acknowledged after the restart`);
    scene.control().shows(nth(port, backends, 101));
  }
  await synced(scene, `${name}: acknowledged after the restart`);
  const clusters = await eventually(
    `${name}: the old cluster gone`,
    async () => {
      const body = await adminText(scene.adminPort, "/clusters");
      return body.includes("c101::") && !body.includes(`c${viewChanges}::`) ? body : undefined;
    },
    { needs: [scene.envoy], timeoutMs: 10_000 },
  ).catch((error: unknown) => String(error));
  await load.stopped();
  const what = `${name}: a killed server, another with another view, under ${load.count()} requests`;
  if (load.failures.length > 0)
    verdicts.fail(what, `${load.failures.length} failed: ${[...new Set(load.failures)].slice(0, 3).join("; ")}`);
  else if (!clusters.includes("c101::")) verdicts.fail(what, clusters);
  else verdicts.pass(what);
};

const adminText = async (port: number, path: string): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${path}`)).text();

/** A refusal changes nothing: traffic goes on, the rest of the view arrives, and a view without the fault is taken. */
const refusalUnderTraffic = async (scene: Scene): Promise<void> => {
  const { verdicts, name, port, backends } = scene;
  const load = traffic(port);
  const good = nth(port, backends, 101);
  const bad = cluster("bad", { lbPolicy: "RING_HASH", ringHashLbConfig: { minimumRingSize: 9, maximumRingSize: 3 } });
  scene.control().shows({
    ...good,
    cluster: new Map([...good.cluster, ["bad", bad]]),
    routes: new Map([...good.routes.keys()].map((route) => [route, routes(route, "bad")])),
  });
  const refusal = await eventually(`${name}: refused`, () => scene.control().refusals[0], { timeoutMs: 10_000 }).catch(
    () => undefined,
  );
  await sleep(500);
  const pushes = scene.control().ads.metrics().pushes.cluster;
  await sleep(500);
  const spins = scene.control().ads.metrics().pushes.cluster - pushes;
  scene.control().shows(nth(port, backends, 102));
  await synced(scene, `${name}: acknowledged after a refusal`);
  await load.stopped();
  const what = `${name}: a refused cluster under ${load.count()} requests`;
  if (refusal === undefined) verdicts.fail(what, "Envoy took a cluster that it should have refused");
  else if (refusal.resources.map(({ name }) => name).join() !== "bad")
    verdicts.fail(what, `blamed ${refusal.resources.map(({ name }) => name).join()}: ${refusal.message}`);
  else if (spins > 0) verdicts.fail(what, `sent ${spins} times again`);
  else if (load.failures.length > 0)
    verdicts.fail(what, `${load.failures.length} failed: ${[...new Set(load.failures)].slice(0, 3).join("; ")}`);
  else verdicts.pass(what);
};

const envoyUnderTraffic =
  (protocol: "DELTA_GRPC" | "GRPC", which: "envoy" | "olderEnvoy") => async (verdicts: Verdicts) => {
    const name = `${protocol === "GRPC" ? "envoy-sotw" : "envoy-delta"} ${versions[which]}`;
    const binary = (await install())[which];
    const folder = runDirectory();
    const [a, b, port, adminPort] = await Promise.all([backend("a"), backend("b"), freePort(), freePort()]);
    const backends = [a, b];
    let current = await control(nth(port, backends, 0));
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify(bootstrap(protocol, current.port, adminPort)));
    const envoy = child(folder, name, [
      binary,
      ...[
        "--config-path",
        file,
        "--use-dynamic-base-id",
        "--concurrency",
        "1",
        "--log-level",
        "warning",
        "--drain-time-s",
        "1",
        "--drain-strategy",
        "immediate",
      ],
    ]);
    const scene: Scene = {
      verdicts,
      name,
      started: (control) => (current = control),
      control: () => current,
      envoy,
      port,
      adminPort,
      backends,
      saysWhatItHolds: protocol === "DELTA_GRPC",
    };
    try {
      await eventually(
        `${name}: the first answer`,
        async () => ((await answerOf(port)).status === 200 ? true : undefined),
        { needs: [envoy], timeoutMs: 30_000 },
      );
      await synced(scene, `${name}: the first view acknowledged`);
      await changesUnderTraffic(scene);
      await restartUnderTraffic(scene);
      await refusalUnderTraffic(scene);
    } catch (error) {
      const [status] = current.ads.clients();
      const pending = Object.entries(status?.types ?? {}).map(([type, { pending }]) => `${type}: ${pending.join(" ")}`);
      verdicts.fail(name, `${error instanceof Error ? error.message : String(error)}; pending ${pending.join("; ")}`);
    } finally {
      await envoy.stop();
      current.killed();
      for (const { stop } of backends) stop();
    }
  };

/** Incremental discovery, as generated bootstraps ask for, and state of the world, which older Envoys and most examples do. */
export const envoys = (["envoy", "olderEnvoy"] as const).flatMap((which) =>
  (["DELTA_GRPC", "GRPC"] as const).map((protocol) => envoyUnderTraffic(protocol, which)),
);
