import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterAccess } from "../../runtime/gitops/cluster/index.ts";
import { apiServer } from "../rig/api-server.ts";
import { authority, type Authority } from "../rig/certificates.ts";
import { freePort } from "../rig/free-port.ts";
import type { Tools } from "../rig/install.ts";
import type { Kube } from "../rig/kube.ts";

/** An API server on loopback whose objects outlive it. */
export interface LastingApiServer {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  readonly kube: Kube;
  /** Signs its certificate; for whoever stands in front of it. */
  readonly platform: Authority;
  /** Of somebody who may do everything. */
  readonly token: string;
  /** As somebody who may do everything, or by a token. */
  readonly access: (token?: string) => ClusterAccess;
  /** Gone for so long as this takes, and then as it was, at the same address; whoever needs it next finds it, however this ended. */
  readonly away: (meanwhile?: () => Promise<void>) => Promise<void>;
  /** etcd forgets every revision but the last. */
  readonly compacted: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

export const lastingApiServer = async (tools: Pick<Tools, "etcd" | "kubeApiserver">): Promise<LastingApiServer> => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-lasting-api-server-"));
  const gone = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const platform = await authority(folder, "root");
    const ports = { etcd: await freePort(), etcdPeer: await freePort(), api: await freePort() };
    const dialled = (port: number) => connect(port, "127.0.0.1");
    const started = () => apiServer({ tools, directory: folder, folder, platform, ports, dialled });
    let running = await started();
    const url = `https://127.0.0.1:${ports.api}`;
    return {
      url,
      authority: platform.certificate,
      platform,
      token: running.token,
      kube: running.kube,
      access: (token = running.token) => ({
        server: new URL(url),
        namespace: undefined,
        credentials: async () => ({
          headers: { authorization: `Bearer ${token}` },
          tls: { ca: platform.certificate },
        }),
      }),
      async away(meanwhile) {
        try {
          await running.stop();
          await meanwhile?.();
        } finally {
          running = await started();
        }
      },
      async compacted() {
        const asked = async (path: string, body: unknown): Promise<unknown> => {
          const answer = await fetch(`http://127.0.0.1:${ports.etcd}/v3/kv/${path}`, {
            method: "POST",
            body: JSON.stringify(body),
          });
          if (!answer.ok) throw new Error(`etcd: ${await answer.text()}`);
          return answer.json();
        };
        const { header } = (await asked("range", { key: btoa("/") })) as {
          readonly header: { readonly revision: string };
        };
        await asked("compaction", { revision: header.revision, physical: true });
      },
      async stop() {
        await running.stop();
        gone();
      },
    };
  } catch (error) {
    gone();
    throw error;
  }
};
