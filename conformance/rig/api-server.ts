import { writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { Authority } from "./certificates.ts";
import type { Tools } from "./install.ts";
import { kube, type Kube } from "./kube.ts";
import { child, eventually, type Child } from "./process.ts";

/** Where an API server runs, and how the harness reaches it. */
export interface ApiServerOptions {
  readonly tools: Pick<Tools, "etcd" | "kubeApiserver">;
  /** For logs. */
  readonly directory: string;
  /** For data and credentials. */
  readonly folder: string;
  /** Signs its certificate and its service accounts'. */
  readonly platform: Authority;
  readonly ports: { readonly etcd: number; readonly etcdPeer: number; readonly api: number };
  /** Where others than this machine find it; nowhere when absent. */
  readonly address?: string;
  /** Namespaces to enter: those of this process. */
  readonly inside?: number;
  /** A connection to a port of its loopback. */
  readonly dialled: (port: number) => Socket;
}

/** etcd and a kube-apiserver: a cluster without nodes. */
export interface ApiServer {
  readonly kube: Kube;
  /** Of somebody who may do everything. */
  readonly token: string;
  /** What it needs to go on. */
  readonly processes: readonly Child[];
  readonly stop: () => Promise<void>;
}

const token = "meshwright-rig";

/** Returns when it is ready. */
export const apiServer = async (options: ApiServerOptions): Promise<ApiServer> => {
  const { tools, directory, folder, platform, ports, address, dialled } = options;
  const inside = options.inside === undefined ? {} : { inside: options.inside };
  const client = `http://127.0.0.1:${ports.etcd}`;
  const names = ["DNS:kubernetes.default.svc", "IP:127.0.0.1", ...(address === undefined ? [] : [`IP:${address}`])];
  const server = await platform.issued("kube-apiserver", names);
  const accounts = await platform.issued("service-accounts", ["DNS:service-accounts.invalid"]);
  writeFileSync(join(folder, "tokens.csv"), `${token},rig,rig,"system:masters"\n`, { mode: 0o600 });
  const etcd = child(
    directory,
    "etcd",
    [
      tools.etcd,
      ...["--data-dir", join(folder, "etcd"), "--log-level", "warn"],
      ...["--listen-client-urls", client, "--advertise-client-urls", client],
      ...["--listen-peer-urls", `http://127.0.0.1:${ports.etcdPeer}`],
    ],
    inside,
  );
  const api = child(
    directory,
    "kube-apiserver",
    [
      tools.kubeApiserver,
      `--etcd-servers=${client}`,
      `--secure-port=${ports.api}`,
      ...(address === undefined
        ? ["--bind-address=127.0.0.1"]
        : ["--bind-address=0.0.0.0", `--advertise-address=${address}`]),
      `--cert-dir=${folder}`,
      `--tls-cert-file=${server.certificateFile}`,
      `--tls-private-key-file=${server.keyFile}`,
      "--service-cluster-ip-range=10.96.0.0/12",
      `--service-account-key-file=${accounts.certificateFile}`,
      `--service-account-signing-key-file=${accounts.keyFile}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--token-auth-file=${join(folder, "tokens.csv")}`,
      "--authorization-mode=RBAC",
      "--disable-admission-plugins=ServiceAccount",
      "--endpoint-reconciler-type=none",
      "--profiling=false",
    ],
    inside,
  );
  // Their state goes with the run, so a polite end is worth little waiting.
  const stop = async (): Promise<void> => void (await Promise.all([api.stop(500), etcd.stop(500)]));
  const admin = kube(() => dialled(ports.api), platform.certificate, token);
  await eventually("the API server is ready", () => admin.raw("GET", "/readyz").then(() => true), {
    needs: [etcd, api],
    timeoutMs: 60_000,
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { kube: admin, token, processes: [etcd, api], stop };
};
