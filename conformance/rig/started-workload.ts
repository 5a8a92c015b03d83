import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentProcess, type Overlays } from "./agent/launch.ts";
import { remoteAgent } from "./agent/remote-agent.ts";
import type { Echo, RigResponse, TcpAnswer } from "./agent/protocol.ts";
import type { Authority } from "./certificates.ts";
import type { Tools } from "./install.ts";
import { captured, captureInstalled, proxyUser, type Network } from "./network.ts";
import type { Plane } from "./plane.ts";
import { child, eventually, type Child } from "./process.ts";
import { adminPort, type PlacedPod, type Workload, type WorkloadSpec } from "./workload.ts";

/** What the pods of a run share. */
export interface Surroundings {
  readonly tools: Tools;
  readonly directory: string;
  readonly sockets: string;
  readonly countFolder: string;
  readonly overlays: Overlays;
  readonly network: Network;
  readonly plane: Plane;
  /** Signs what public authorities would sign. */
  readonly web: Authority;
}

/** Starts a pod under this name; returns when its echo listens and its Envoy answers, not when Envoy is configured. */
export const startedWorkload = async (
  surroundings: Surroundings,
  spec: WorkloadSpec,
  serial: number,
): Promise<Workload> => {
  const { tools, directory, plane } = surroundings;
  const pod = `${spec.name}-${serial}`;
  const file = `${pod}.${spec.namespace}`;
  const controlSocket = join(surroundings.sockets, `${serial}.control`);
  const proxied = spec.kind !== "none";
  const certificate =
    spec.tlsNames &&
    (await surroundings.web.issued(
      `${file}.web`,
      spec.tlsNames.map((name) => `DNS:${name}`),
    ));

  const agent = await agentProcess(
    directory,
    file,
    {
      controlSocket,
      workload: `${spec.namespace}/${spec.name}`,
      pod,
      countFolder: surroundings.countFolder,
      ...(certificate === undefined
        ? {}
        : { certificate: { certificate: certificate.certificate, key: certificate.key } }),
    },
    surroundings.overlays,
  );

  let [envoy, placed]: [Child | undefined, PlacedPod | undefined] = [undefined, undefined];
  const forgotten = async (): Promise<void> => {
    if (placed !== undefined && spec.inCluster !== false) await plane.stopped(placed);
  };
  try {
    const address = await surroundings.network.joined(agent.pid);
    placed = { spec, pod, address };
    if (spec.kind === "sidecar") await captureInstalled(tools, agent.pid);
    const known = spec.inCluster === false ? undefined : plane.started(placed);
    const remote = await remoteAgent(controlSocket, agent);
    if (spec.kind !== "gateway") await remote.asked({ op: "serve", ports: spec.ports });
    const admin = (path: string, method?: "GET" | "POST"): Promise<string> =>
      envoy === undefined
        ? Promise.reject(new Error(`${file} has no Envoy`))
        : remote.fetched(adminPort, path, method && { method });
    if (proxied) {
      const configuration = join(directory, `${file}.envoy.json`);
      writeFileSync(configuration, JSON.stringify(await plane.bootstrap(placed)));
      envoy = child(
        directory,
        `${file}.envoy`,
        [
          plane.envoy?.binary ?? tools.envoy,
          "-c",
          configuration,
          "--concurrency",
          "1",
          "--disable-hot-restart",
          "--drain-time-s",
          String(plane.envoy?.drainSeconds ?? 0),
          "--drain-strategy",
          "immediate",
          "--log-level",
          "warning",
        ],
        { inside: agent.pid, uid: proxyUser },
      );
      await eventually(`the Envoy of ${file} answers`, () => admin("/server_info"), { needs: [agent, envoy] });
    }
    await known;
    return {
      ...placed,
      proxy: proxied ? plane.proxyName(placed) : undefined,
      envoy,
      async send(requests, { concurrency = 16 } = {}) {
        const responses = (await remote.asked({ op: "send", requests, concurrency })) as readonly RigResponse[];
        return responses.map(withEcho);
      },
      sendTcp: async (calls) => (await remote.asked({ op: "tcp", calls })) as readonly TcpAnswer[],
      attempts: async () => (await remote.asked({ op: "attempts" })) as Readonly<Record<string, number>>,
      forgetAttempts: async () => void (await remote.asked({ op: "forget" })),
      captured: () => captured(tools, agent.pid),
      admin,
      configDump: async () => JSON.parse(await admin("/config_dump?include_eds")) as unknown,
      async stop() {
        remote.close();
        // Nothing here has state worth a goodbye, and Envoy takes its time to say it.
        await Promise.all([envoy?.stop(0), agent.stop(0), forgotten()]);
      },
    };
  } catch (error) {
    await Promise.allSettled([envoy?.stop(0), agent.stop(0), forgotten()]);
    throw error;
  }
};

const withEcho = (response: RigResponse): RigResponse => {
  if (response.kind !== "response" || !response.body.startsWith('{"workload":')) return response;
  return { ...response, echo: JSON.parse(response.body) as Echo };
};
