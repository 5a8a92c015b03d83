import { createHash } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { noEdits } from "../../../lib/model/route.ts";
import type { SpiffeId } from "../../../lib/model/selector.ts";
import type { Cluster, Inbound, ProxyConfig, Route, VirtualHost } from "../../../targets/native/config.ts";
import { authority, keyFolder, writtenIdentity } from "../../../runtime/control/identity/index.ts";
import { freePort } from "../../rig/free-port.ts";
import type { Proxies } from "../../rig/install.ts";
import { child, eventually, type Child } from "../../rig/process.ts";

/** One worker between whoever asks and nginx; what is secure goes through itself once more, with mTLS. */
export interface FlatStage {
  readonly proxy: Child;
  readonly inspectorPort: number;
  /** Where hosts `plain` and `secure` are asked for. */
  readonly port: number;
  /** Puts the configuration of that generation in force. */
  readonly configured: (generation: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

const trustDomain = "cluster.local";
const identity: SpiffeId = `spiffe://${trustDomain}/ns/shop/sa/server`;
const nobody = { anonymous: 0, authenticated: 0, prefixes: {}, exact: {} };

interface Ports {
  readonly calls: number;
  readonly arrivals: number;
  /** Two that take turns. */
  readonly turns: readonly [number, number];
  readonly backends: readonly [number, number];
}

/** Half of it is another one each time: routes with their headers, clusters, endpoints in use, a port and its application. */
const configOf = (generation: number, { calls, arrivals, turns, backends }: Ports): ProxyConfig => {
  const route = (cluster: string, index: number): Route => ({
    split: [{ upTo: 1, cluster }],
    timeout: 10_000,
    retries: { attempts: 2, perTry: "none", on: ["connect-failure", "reset"], statuses: [] },
    requestHeaders: { remove: [], set: [["x-generation", `${generation} of route ${index}`]], add: [] },
    responseHeaders: noEdits,
  });
  const host = (name: string, cluster: string): VirtualHost => ({
    name,
    routes: Array.from({ length: 10 }, (_, index) => route(cluster, index)),
    paths: {
      under: [{ route: 9, headers: [] }],
      next: {
        "/": {
          under: [{ route: 9, headers: [] }],
          next: Object.fromEntries(
            [..."abcdefghi"].map((letter, index) => [
              `${letter}${generation}`,
              { under: [{ route: index, headers: [] }] },
            ]),
          ),
        },
      },
    },
  });
  const cluster = (...ports: readonly number[]): Cluster => ({
    resolve: "static",
    endpoints: ports.map((port) => ({ address: "127.0.0.1", port })),
  });
  const inbound = (port: number, application: number, mtls: Inbound["mtls"]): Inbound => ({
    kind: "inbound",
    address: "127.0.0.1",
    port,
    targetPort: application,
    application: { address: "127.0.0.1", port: application },
    protocol: "http",
    mtls,
    access: { deny: { ...nobody, nodes: [{ connection: false, otherMethods: false, methods: {} }] } },
  });
  return {
    version: 1,
    workload: "shop/server",
    identity,
    trustDomain,
    pathNormalization: "base",
    listeners: [
      {
        kind: "outbound-http",
        address: "127.0.0.1",
        port: calls,
        servicePort: 80,
        hosts: {
          virtualHosts: [host("plain", "plain||80"), host("secure", "secure||80")],
          exact: { plain: 0, secure: 1 },
          suffix: {},
        },
        unknownHosts: "refuse",
      },
      { ...inbound(arrivals, backends[0], "strict"), address: "0.0.0.0" },
      inbound(turns[generation % 2]!, 20_000 + (generation % 10_000), "disabled"),
    ],
    clusters: {
      "plain||80": cluster(...backends.slice(0, 1 + (generation % 2))),
      "secure||80": {
        resolve: "static",
        // Another address of the same one: its connections are made anew now and then.
        endpoints: [{ address: generation % 8 < 4 ? "127.0.0.1" : "127.0.0.2", port: arrivals, identity }],
      },
      [`other-${generation}||80`]: cluster(...backends),
    },
  };
};

export const flatStage = async (
  program: string,
  { nginx, libraries }: Proxies,
  directory: string,
): Promise<FlatStage> => {
  const identityFolder = join(directory, "identity");
  mkdirSync(identityFolder, { recursive: true });
  const issuing = await authority({ store: keyFolder(join(directory, "keys")), trustDomain, create: true });
  const { certificateChain, privateKey } = await issuing.issued(identity);
  await writtenIdentity(identityFolder, { certificateChain, privateKey: () => privateKey, roots: issuing.roots() });
  issuing.close();
  const [calls, arrivals, one, other, first, second, admin, inspectorPort] = (await Promise.all(
    Array.from({ length: 8 }, freePort),
  )) as [number, number, number, number, number, number, number, number];
  const ports: Ports = { calls, arrivals, turns: [one, other], backends: [first, second] };

  const conf = join(directory, "backend.conf");
  writeFileSync(
    conf,
    `daemon off; master_process off; worker_processes 1; error_log stderr crit; pid ${directory}/backend.pid;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy; fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  server { listen 127.0.0.1:${first}; listen 127.0.0.1:${second}; location / { return 200 "ok"; } }
}
`,
  );
  const backend = child(directory, "backend", [nginx, "-e", "stderr", "-c", conf], { env: libraries });

  const file = join(directory, "proxy.json");
  const written = (generation: number): string => {
    const text = JSON.stringify(configOf(generation, ports));
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
    return createHash("sha256").update(text).digest("hex");
  };
  written(0);
  const proxy = child(directory, "proxy", [
    process.execPath,
    `--inspect=127.0.0.1:${inspectorPort}`,
    program,
    "run",
    ...["--config", file, "--identity", identityFolder],
    ...["--admin", `127.0.0.1:${admin}`, "--access-log", join(directory, "access.log")],
  ]);
  const inForce = async (digest: string): Promise<true | undefined> => {
    const [status] = (await (await fetch(`http://127.0.0.1:${admin}/status`)).json()) as readonly {
      readonly configuration?: string;
      readonly refused?: { readonly reason: string };
    }[];
    if (status?.refused !== undefined) throw new Error(status.refused.reason);
    return status?.configuration === digest ? true : undefined;
  };
  const needs = [proxy, backend];
  await eventually(
    "the proxy serves",
    async () => ((await fetch(`http://127.0.0.1:${admin}/readyz`)).ok ? true : undefined),
    {
      needs,
    },
  );
  return {
    proxy,
    inspectorPort,
    port: calls,
    configured: async (generation) => {
      const digest = written(generation);
      await eventually(`configuration ${generation} is in force`, () => inForce(digest), { needs, everyMs: 3 });
    },
    stop: async () => {
      await Promise.all([proxy.stop(), backend.stop()]);
    },
  };
};
