import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiServer, type ApiServer } from "../../rig/api-server.ts";
import { authority } from "../../rig/certificates.ts";
import type { Tools } from "../../rig/install.ts";
import type { Kube } from "../../rig/kube.ts";
import { freePort } from "../../rig/free-port.ts";

export interface LoopbackApiServer extends Pick<ApiServer, "kube" | "token" | "stop"> {
  readonly url: string;
  readonly port: number;
  /** PEM. */
  readonly authority: string;
}

/** An API server on loopback, on free ports, in a folder that goes with it: who asks it needs no network of its own. */
export const loopbackApiServer = async (tools: Pick<Tools, "etcd" | "kubeApiserver">): Promise<LoopbackApiServer> => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-api-server-"));
  const gone = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const platform = await authority(folder, "root");
    const ports = { etcd: await freePort(), etcdPeer: await freePort(), api: await freePort() };
    const dialled = (port: number) => connect(port, "127.0.0.1");
    const { kube, token, stop } = await apiServer({ tools, directory: folder, folder, platform, ports, dialled });
    const stopped = async (): Promise<void> => {
      await stop();
      gone();
    };
    return {
      url: `https://127.0.0.1:${ports.api}`,
      port: ports.api,
      authority: platform.certificate,
      token,
      kube,
      stop: stopped,
    };
  } catch (error) {
    gone();
    throw error;
  }
};

/** By the TokenRequest API, as the kubelet does for a projected volume. */
export const requestedToken = async (
  kube: Kube,
  namespace: string,
  account: string,
  audience: string,
  pod?: string,
): Promise<string> => {
  const uid = pod === undefined ? undefined : (await kube.get("v1", "Pod", namespace, pod))?.metadata.uid;
  const answer = await kube.raw("POST", `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: {
      audiences: [audience],
      expirationSeconds: 600,
      ...(pod === undefined ? {} : { boundObjectRef: { apiVersion: "v1", kind: "Pod", name: pod, uid } }),
    },
  });
  return (answer as { readonly status: { readonly token: string } }).status.token;
};
