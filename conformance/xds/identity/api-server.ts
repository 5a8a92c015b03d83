import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authority } from "../../rig/certificates.ts";
import type { Tools } from "../../rig/install.ts";
import { kube, type Kube } from "../../rig/istiod/kube.ts";
import { child, eventually, type Child } from "../../rig/process.ts";

export interface ApiServer {
  readonly url: string;
  /** PEM. */
  readonly authority: string;
  /** Of somebody who may do everything. */
  readonly token: string;
  readonly kube: Kube;
  readonly stop: () => Promise<void>;
}

const token = "meshwright-identity";

/** etcd and a kube-apiserver on loopback, on free ports, in a folder that goes with them: who asks it needs no network of its own. */
export const apiServer = async (tools: Pick<Tools, "etcd" | "kubeApiserver">): Promise<ApiServer> => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-api-server-"));
  const children: Child[] = [];
  const stop = async (): Promise<void> => {
    for (const one of children.reverse()) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
    const root = await authority(folder, "root");
    const server = await root.issued("kube-apiserver", ["DNS:kubernetes.default.svc", "IP:127.0.0.1"]);
    const accounts = await root.issued("service-accounts", ["DNS:service-accounts.invalid"]);
    writeFileSync(join(folder, "tokens.csv"), `${token},identity,identity,"system:masters"\n`, { mode: 0o600 });
    const etcd = child(folder, "etcd", [
      tools.etcd,
      ...["--data-dir", join(folder, "etcd"), "--log-level", "warn"],
      ...[
        "--listen-client-urls",
        `http://127.0.0.1:${client}`,
        "--advertise-client-urls",
        `http://127.0.0.1:${client}`,
      ],
      ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
    ]);
    children.push(etcd);
    const api = child(folder, "kube-apiserver", [
      tools.kubeApiserver,
      `--etcd-servers=http://127.0.0.1:${client}`,
      `--secure-port=${port}`,
      "--bind-address=127.0.0.1",
      `--cert-dir=${folder}`,
      `--tls-cert-file=${server.certificateFile}`,
      `--tls-private-key-file=${server.keyFile}`,
      "--service-cluster-ip-range=10.96.0.0/12",
      `--service-account-key-file=${accounts.certificateFile}`,
      `--service-account-signing-key-file=${accounts.keyFile}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      "--api-audiences=https://kubernetes.default.svc",
      `--token-auth-file=${join(folder, "tokens.csv")}`,
      "--authorization-mode=RBAC",
      "--disable-admission-plugins=ServiceAccount",
      "--endpoint-reconciler-type=none",
      "--profiling=false",
    ]);
    children.push(api);
    const admin = kube(() => connect(port, "127.0.0.1"), root.certificate, token);
    await eventually("the API server is ready", () => admin.raw("GET", "/readyz").then(() => true), {
      needs: [etcd, api],
      timeoutMs: 60_000,
    });
    return { url: `https://127.0.0.1:${port}`, authority: root.certificate, token, kube: admin, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
};
