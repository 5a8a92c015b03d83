import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { agentProcess, type Overlays } from "./agent/launch.ts";
import { remoteAgent } from "./agent/remote-agent.ts";
import type { Echo, RigRequest, RigResponse, Secret, TcpAnswer, TcpCall } from "./agent/protocol.ts";
import { adminPort, bootstrap, nodeName } from "./bootstrap.ts";
import type { Authority } from "./certificates.ts";
import type { ControlPlane } from "./cluster.ts";
import type { Tools } from "./install.ts";
import { KubeError, type KubeObject } from "./kube.ts";
import { captured, captureInstalled, proxyUser, type Captured } from "./network.ts";
import type { WorkloadSpec } from "./workload-spec.ts";
import { child, eventually, type Child } from "./process.ts";

/** A running pod. */
export interface Workload {
  readonly spec: WorkloadSpec;
  readonly pod: string;
  readonly address: string;
  /** Its proxy in istiod's words, `POD.NAMESPACE`; undefined without a proxy. */
  readonly proxy: string | undefined;
  /** As Kubernetes knows it. */
  readonly uid: string;
  /** Sends requests from inside the pod as its application; responses in the order of the requests. At most `concurrency` (16) at a time. */
  readonly send: (
    requests: readonly RigRequest[],
    options?: { readonly concurrency?: number },
  ) => Promise<readonly RigResponse[]>;
  readonly sendTcp: (calls: readonly TcpCall[]) => Promise<readonly TcpAnswer[]>;
  /** How often each `x-rig-id` arrived here. */
  readonly attempts: () => Promise<Readonly<Record<string, number>>>;
  readonly forgetAttempts: () => Promise<void>;
  /** Connections captured by iptables so far; zeros where nothing captures. */
  readonly captured: () => Promise<Captured>;
  /** Envoy's admin interface; throws where there is no Envoy. */
  readonly admin: (path: string, method?: "GET" | "POST") => Promise<string>;
  readonly configDump: () => Promise<unknown>;
  /** Of its proxy; undefined without one. */
  readonly envoy: Child | undefined;
  readonly stop: () => Promise<void>;
}

/** What the pods of a run share. */
export interface Surroundings {
  readonly tools: Tools;
  readonly directory: string;
  readonly sockets: string;
  readonly countFolder: string;
  readonly overlays: Overlays;
  readonly controlPlane: ControlPlane;
  /** Signs workload identities. */
  readonly mesh: Authority;
  /** Signs what public authorities would sign. */
  readonly web: Authority;
}

/** The label by which istiod knows that a pod understands mTLS; Istio's injector sets it. */
const injected = (spec: WorkloadSpec): WorkloadSpec =>
  spec.kind === "none" ? spec : { ...spec, labels: { "security.istio.io/tlsMode": "istio", ...spec.labels } };

/** Starts a pod under this name; returns when its echo listens and its Envoy answers, not when Envoy is configured. */
export const workload = async (surroundings: Surroundings, asked: WorkloadSpec, serial: number): Promise<Workload> => {
  const spec = injected(asked);
  const { tools, directory, controlPlane } = surroundings;
  const pod = `${spec.name}-${serial}`;
  const serviceAccount = spec.serviceAccount ?? "default";
  const file = `${pod}.${spec.namespace}`;
  const controlSocket = join(surroundings.sockets, `${serial}.control`);
  const secretSocket = join(surroundings.sockets, `${serial}.secret`);
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
      secretSocket: proxied ? secretSocket : "",
      secrets: proxied ? await identity(surroundings.mesh, file, spec.namespace, serviceAccount) : {},
      workload: `${spec.namespace}/${spec.name}`,
      pod,
      countFolder: surroundings.countFolder,
      ...(certificate === undefined
        ? {}
        : { certificate: { certificate: certificate.certificate, key: certificate.key } }),
    },
    surroundings.overlays,
  );

  let envoy: Child | undefined;
  try {
    const address = await controlPlane.network.joined(agent.pid);
    if (spec.kind === "sidecar") await captureInstalled(tools, agent.pid);
    const known = spec.inCluster === false ? undefined : registered(controlPlane, spec, pod, address, serviceAccount);
    const remote = await remoteAgent(controlSocket, agent);
    if (spec.kind !== "gateway") await remote.asked({ op: "serve", ports: spec.ports });
    const admin = (path: string, method?: "GET" | "POST"): Promise<string> =>
      envoy === undefined ? Promise.reject(new Error(`${file} has no Envoy`)) : remote.fetched(adminPort, path, method);
    if (proxied) {
      const configuration = join(directory, `${file}.envoy.json`);
      writeFileSync(
        configuration,
        JSON.stringify(
          bootstrap({
            spec,
            pod,
            address,
            serviceAccount,
            discovery: { address: controlPlane.network.gateway, port: controlPlane.discoveryPort },
            secretSocket,
          }),
        ),
      );
      envoy = child(
        directory,
        `${file}.envoy`,
        [
          tools.envoy,
          "-c",
          configuration,
          "--concurrency",
          "1",
          "--disable-hot-restart",
          "--drain-time-s",
          "0",
          "--drain-strategy",
          "immediate",
          "--log-level",
          "warning",
        ],
        { inside: agent.pid, uid: proxyUser },
      );
      await eventually(`the Envoy of ${file} answers`, () => admin("/server_info"), { needs: [agent, envoy] });
    }
    const uid = (await known) ?? "";
    return {
      spec,
      pod,
      address,
      proxy: proxied ? nodeName({ pod, spec }) : undefined,
      uid,
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
        await Promise.all([
          envoy?.stop(0),
          agent.stop(0),
          spec.inCluster === false ? undefined : controlPlane.kube.delete([podObject(spec, pod, serviceAccount)]),
        ]);
      },
    };
  } catch (error) {
    await Promise.all([envoy?.stop(0), agent.stop(0)]);
    throw error;
  }
};

const withEcho = (response: RigResponse): RigResponse => {
  if (response.kind !== "response" || !response.body.startsWith('{"workload":')) return response;
  return { ...response, echo: JSON.parse(response.body) as Echo };
};

const identity = async (
  mesh: Authority,
  file: string,
  namespace: string,
  serviceAccount: string,
): Promise<Readonly<Record<string, Secret>>> => {
  const { certificate, key } = await mesh.issued(`${file}.identity`, [
    `URI:spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`,
  ]);
  return { default: { kind: "identity", certificate, key }, ROOTCA: { kind: "trust", certificate: mesh.certificate } };
};

const podObject = (
  { name, namespace, labels, ports }: WorkloadSpec,
  pod: string,
  serviceAccountName: string,
): KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: pod, namespace, labels, annotations: { "rig.meshwright/workload": name } },
  spec: {
    serviceAccountName,
    containers: [
      {
        name: "main",
        image: "rig",
        ports: ports.map(({ number, name: portName }) => ({
          containerPort: number,
          ...(portName === undefined ? {} : { name: portName }),
          protocol: "TCP",
        })),
      },
    ],
  },
});

/** Tells Kubernetes of the pod, as a kubelet would; returns its uid. */
const registered = async (
  { kube }: ControlPlane,
  spec: WorkloadSpec,
  pod: string,
  address: string,
  serviceAccount: string,
): Promise<string> => {
  await kube
    .raw("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: spec.namespace } })
    .catch((error: unknown) => {
      if (!(error instanceof KubeError && error.refusal.status === 409)) throw error;
    });
  const object = podObject(spec, pod, serviceAccount);
  const [stored] = await kube.apply([object]);
  await kube.applyStatus({
    ...object,
    spec: undefined,
    status: {
      phase: "Running",
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: "Ready", status: "True" }],
    },
  });
  return stored?.metadata.uid ?? "";
};
