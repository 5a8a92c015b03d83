import { join } from "node:path";
import { agentProcess, type Overlays } from "./agent/launch.ts";
import { remoteAgent } from "./agent/remote-agent.ts";
import type { Echo, RigResponse, ServedPort, TcpAnswer } from "./agent/protocol.ts";
import type { Authority } from "./certificates.ts";
import type { Tools } from "./install.ts";
import { proxyUser, type Network } from "./network.ts";
import type { Plane, Proxies } from "./plane.ts";
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

/** Starts a pod under this name; returns when its echo listens and its proxy answers, not when that is configured. */
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

  let [proxy, placed]: [Child | undefined, PlacedPod | undefined] = [undefined, undefined];
  const forgotten = async (): Promise<void> => {
    if (placed !== undefined && spec.inCluster !== false) await plane.stopped(placed);
  };
  try {
    const address = await surroundings.network.joined(agent.pid);
    placed = { spec, pod, address };
    if (spec.kind === "sidecar") await plane.proxies.capture(tools, agent.pid, placed);
    const known = spec.inCluster === false ? undefined : plane.started(placed);
    const remote = await remoteAgent(controlSocket, agent);
    if (spec.kind !== "gateway") await remote.asked({ op: "serve", ports: served(spec, plane.proxies) });
    const admin = (path: string, method?: "GET" | "POST"): Promise<string> =>
      proxy === undefined
        ? Promise.reject(new Error(`${file} has no proxy`))
        : remote.fetched(adminPort, path, method && { method });
    if (proxied) {
      const { kind, command, probe } = plane.proxies;
      const { argv, env } = await command(placed, { tools, directory });
      proxy = child(directory, `${file}.${kind.toLowerCase()}`, argv, {
        inside: agent.pid,
        uid: proxyUser,
        ...(env && { env }),
      });
      await eventually(`the ${kind} of ${file} answers`, () => admin(probe), { needs: [agent, proxy] });
    }
    await known;
    return {
      ...placed,
      proxy: proxied ? plane.proxyName(placed) : undefined,
      process: proxy,
      async send(requests, { concurrency = 16 } = {}) {
        const responses = (await remote.asked({ op: "send", requests, concurrency })) as readonly RigResponse[];
        return responses.map(withEcho);
      },
      sendTcp: async (calls) => (await remote.asked({ op: "tcp", calls })) as readonly TcpAnswer[],
      attempts: async () => (await remote.asked({ op: "attempts" })) as Readonly<Record<string, number>>,
      forgetAttempts: async () => void (await remote.asked({ op: "forget" })),
      captured: () => plane.proxies.captured(tools, agent.pid),
      admin,
      configDump: async () => JSON.parse(await admin("/config_dump?include_eds")) as unknown,
      async stop() {
        remote.close();
        // Nothing here has state worth a goodbye, and proxies take their time to say it.
        await Promise.all([proxy?.stop(0), agent.stop(0), forgotten()]);
      },
    };
  } catch (error) {
    await Promise.allSettled([proxy?.stop(0), agent.stop(0), forgotten()]);
    throw error;
  }
};

/** Where the proxy of a pod needs its application's ports, that listens elsewhere and answers as if it did not. */
const served = ({ kind, ports }: WorkloadSpec, { applicationPort }: Proxies): readonly ServedPort[] =>
  kind !== "sidecar" || applicationPort === undefined
    ? ports
    : ports.map((port) => ({ ...port, behind: applicationPort(port.number) }));

const withEcho = (response: RigResponse): RigResponse => {
  if (response.kind !== "response" || !response.body.startsWith('{"workload":')) return response;
  return { ...response, echo: JSON.parse(response.body) as Echo };
};
