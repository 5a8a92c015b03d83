import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { apiServer } from "../api-server.ts";
import { authority } from "../certificates.ts";
import type { Site } from "../plane.ts";
import { entering, eventually, mortal } from "../process.ts";
import { discovery, type Discovery } from "./discovery.ts";
import type { Kube, KubeObject } from "../kube.ts";
import { ports, rootNamespace } from "./ports.ts";
import { kubeconfigIn } from "../kubeconfig.ts";

/** etcd, the API server and istiod, in a network namespace of their own; so every port is free, and always the same. */
export interface ControlPlane {
  readonly kube: Kube;
  /** Where Envoys find istiod. */
  readonly discovery: { readonly address: string; readonly port: number };
  readonly istiod: Discovery;
  /** A file (JSON) by which other processes in the plane's network namespace reach the API server. */
  readonly kubeconfig: string;
  /** What istiod answers on its debugging port, for example `/debug/syncz`. */
  readonly istiodDebug: (path: string) => Promise<string>;
  /** Runs istioctl against this cluster; its output and exit code. */
  readonly istioctl: (args: readonly string[]) => Promise<{ readonly code: number; readonly output: string }>;
  readonly stop: () => Promise<void>;
}

/** Plain text between proxies and no automatic mTLS: what a test of routing wants. */
export const plainMeshConfig = `
rootNamespace: istio-system
trustDomain: cluster.local
enableAutoMtls: false
accessLogFile: ""
defaultConfig:
  discoveryAddress: istiod.istio-system.svc:15012
`;

export const controlPlane = async (
  { tools, directory, certificates, anchor, agent, gateway }: Site,
  meshConfig: string,
  debounceAfter: string,
): Promise<ControlPlane> => {
  parse(meshConfig); // An unreadable mesh config would only show in istiod's log.
  const own = join(directory, "control-plane");
  mkdirSync(own);
  const platform = await authority(certificates, "platform");
  const {
    kube: client,
    token,
    ...server
  } = await apiServer({
    tools,
    directory,
    folder: own,
    platform,
    ports,
    address: gateway,
    inside: anchor.pid,
    dialled: (port) => agent.dialled("127.0.0.1", port),
  });
  const webhook = await platform.issued("istiod", ["DNS:istiod.istio-system.svc", "IP:127.0.0.1"]);
  const kubeconfig = kubeconfigIn(own, {
    url: `https://127.0.0.1:${ports.api}`,
    authority: platform.certificate,
    user: { token },
  });
  const meshFile = join(own, "mesh.yaml");
  writeFileSync(meshFile, meshConfig);
  await established(client, JSON.parse(readFileSync(tools.istioCrds, "utf8")) as readonly KubeObject[]);
  await client.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: rootNamespace } }]);

  const istiod = await discovery(
    { tools, directory, anchor, agent },
    { meshFile, kubeconfig, authorityFile: platform.certificateFile, webhook },
    debounceAfter,
    server.processes,
  );
  const istiodDebug = (path: string): Promise<string> => agent.fetched(ports.debug, path);
  await client.apply([validationWebhook(platform.certificate)]);
  // The API server learns of webhooks by a watch of its own; until then it lets everything pass.
  await eventually(
    "istiod's validation webhook refuses what only it can know",
    async () =>
      (await client.refusalOf(knownOnlyToIstiod))?.message.includes("validation.istio.io") ? true : undefined,
    { needs: [...server.processes, istiod.process()] },
  );

  return {
    kube: client,
    istiod,
    kubeconfig,
    discovery: { address: gateway, port: ports.discovery },
    istiodDebug,
    async istioctl(args) {
      const [command, ...rest] = [
        ...entering(anchor.pid),
        ...mortal,
        tools.istioctl,
        ...args,
        "--kubeconfig",
        kubeconfig,
      ];
      try {
        const { stdout, stderr } = await promisify(execFile)(command, rest, { maxBuffer: 1 << 28 });
        return { code: 0, output: stdout + stderr };
      } catch (error) {
        const {
          code,
          stdout = "",
          stderr = "",
        } = error as { readonly code?: unknown; readonly stdout?: string; readonly stderr?: string };
        if (typeof code !== "number") throw error;
        return { code, output: stdout + stderr };
      }
    },
    async stop() {
      await Promise.all([istiod.process().stop(500), server.stop()]);
      rmSync(join(own, "etcd"), { recursive: true, force: true });
    },
  };
};

const established = async (client: Kube, definitions: readonly KubeObject[]): Promise<void> => {
  await client.apply(definitions);
  await eventually("Istio's kinds are served", async () => {
    const stored = await client.list("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    const ready = stored.filter(({ status }) =>
      (
        status as { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } | undefined
      )?.conditions?.some((condition) => condition.type === "Established" && condition.status === "True"),
    );
    return ready.length >= definitions.length ? true : undefined;
  });
};

/** As Istio's chart registers it (validatingwebhookconfiguration.yaml), but by address, since no proxy routes Services here. */
const validationWebhook = (authority: string): KubeObject => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  metadata: { name: "istio-validator-istio-system" },
  webhooks: [
    {
      name: "validation.istio.io",
      clientConfig: {
        url: `https://127.0.0.1:${ports.webhook}/validate`,
        caBundle: Buffer.from(authority).toString("base64"),
      },
      rules: [
        {
          operations: ["CREATE", "UPDATE"],
          apiGroups: ["security.istio.io", "networking.istio.io", "telemetry.istio.io", "extensions.istio.io"],
          apiVersions: ["*"],
          resources: ["*"],
        },
      ],
      failurePolicy: "Fail",
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
    },
  ],
});

/** Fits the schema; that weights of several destinations may not all be zero stands in istiod's code alone. */
export const knownOnlyToIstiod: KubeObject = {
  apiVersion: "networking.istio.io/v1",
  kind: "VirtualService",
  metadata: { name: "rig-refused", namespace: "istio-system" },
  spec: {
    hosts: ["refused.example"],
    http: [
      {
        route: [
          { destination: { host: "a.example" }, weight: 0 },
          { destination: { host: "b.example" }, weight: 0 },
        ],
      },
    ],
  },
};
