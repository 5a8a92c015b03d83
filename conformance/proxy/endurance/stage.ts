import { X509Certificate } from "node:crypto";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { freePort } from "../../rig/free-port.ts";
import { noEdits } from "../../../lib/model/route.ts";
import type { Access, Cluster, ProxyConfig, Route, VirtualHost } from "../../../targets/native/config.ts";
import { authority, keyFolder, writtenIdentity } from "../../../runtime/control/identity/index.ts";
import { child, type Child } from "../../rig/process.ts";
import { application } from "../application.ts";

const root = join(import.meta.dirname, "../../..");
const trustDomain = "cluster.local";
const idOf = (name: string): string => `spiffe://${trustDomain}/ns/shop/sa/${name}`;

/** Processes of each callee beside the one that starts them. */
export const calleeWorkers = 2;

/** A caller's proxy and two copies of a callee with theirs, on this machine, as processes that people run. */
export interface Stage {
  /** Where the caller's application dials. */
  readonly port: number;
  /** Tells the caller's proxy another configuration: routes of that generation, and so many endpoints. */
  readonly configured: (generation: number, endpoints: 1 | 2) => void;
  /** New certificates for everybody; answers with the serial numbers of the callees'. */
  readonly renewed: () => Promise<readonly string[]>;
  /** The serial numbers of what the callees prove themselves by to who calls. */
  readonly served: () => Promise<readonly string[]>;
  /** The processes of the callee's first proxy, the first of which starts the others. */
  readonly callee: () => Child;
  readonly caller: () => Child;
  readonly admins: readonly number[];
  readonly stop: () => Promise<void>;
}

/** Only the caller may, and only GET. */
const access: Access = {
  deny: {
    anonymous: 0,
    authenticated: 0,
    prefixes: {},
    exact: {},
    nodes: [{ connection: false, otherMethods: false, methods: {} }],
  },
  allow: {
    anonymous: 0,
    authenticated: 0,
    prefixes: {},
    exact: { [idOf("caller")]: 1 },
    nodes: [
      { connection: false, otherMethods: false, methods: {} },
      { connection: false, otherMethods: false, methods: { GET: true } },
    ],
  },
};

const cluster = "server.shop.svc.cluster.local||80";

const configOf = (
  name: string,
  listeners: ProxyConfig["listeners"],
  clusters: ProxyConfig["clusters"],
): ProxyConfig => ({
  version: 1,
  workload: `shop/${name}`,
  identity: idOf(name),
  trustDomain,
  pathNormalization: "base",
  listeners,
  clusters,
});

/** Of the certificate with which a port answers; nothing is asked of it. */
const servedSerial = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      const serial = socket.getPeerX509Certificate()?.serialNumber;
      socket.destroy();
      if (serial === undefined) reject(new Error(`port ${port} proves nothing`));
      else resolve(serial);
    });
    socket.once("error", reject);
  });

export const stage = async (directory: string): Promise<Stage> => {
  mkdirSync(directory, { recursive: true });
  const issuing = await authority({ store: keyFolder(join(directory, "keys")), trustDomain, create: true });
  const applications = await Promise.all(
    ["a", "b"].map((name) => application(({ headers }) => `${name} ${String(headers["x-generation"])}`)),
  );
  const [port, first, second, ...admins] = await Promise.all(Array.from({ length: 6 }, freePort));
  const callees = [first!, second!];
  const folderOf = (name: string): string => join(directory, name);

  const written = (name: string, config: ProxyConfig): void => {
    mkdirSync(folderOf(name), { recursive: true });
    const path = join(folderOf(name), "proxy.json");
    writeFileSync(`${path}.new`, JSON.stringify(config));
    renameSync(`${path}.new`, path);
  };
  const configured: Stage["configured"] = (generation, endpoints) => {
    const route: Route = {
      split: [{ upTo: 1, cluster }],
      timeout: 5000,
      retries: { attempts: 3, perTry: "none", on: ["connect-failure", "reset"], statuses: [] },
      requestHeaders: { remove: [], set: [["x-generation", String(generation)]], add: [] },
      responseHeaders: noEdits,
    };
    const host: VirtualHost = { name: "server", routes: [route], paths: { under: [{ route: 0, headers: [] }] } };
    const told: Cluster = {
      resolve: "static",
      endpoints: callees
        .slice(0, endpoints)
        .map((at) => ({ address: "127.0.0.1", port: at, workload: "shop/server", identity: idOf("server") })),
    };
    written(
      "caller",
      configOf(
        "caller",
        [
          {
            kind: "outbound-http",
            address: "127.0.0.1",
            port: port!,
            servicePort: 80,
            hosts: { virtualHosts: [host], exact: { server: 0 }, suffix: {} },
            unknownHosts: "refuse",
          },
        ],
        { [cluster]: told },
      ),
    );
  };
  const renewed = async (): Promise<readonly string[]> => {
    const serials: string[] = [];
    for (const [name, account] of [
      ["caller", "caller"],
      ["server-0", "server"],
      ["server-1", "server"],
    ] as const) {
      const { certificateChain, privateKey } = await issuing.issued(idOf(account), { lifetimeMs: 60_000 });
      await writtenIdentity(join(folderOf(name), "identity"), {
        certificateChain,
        privateKey: () => privateKey,
        roots: issuing.roots(),
      });
      if (account === "server") serials.push(new X509Certificate(certificateChain).serialNumber);
    }
    return serials;
  };

  configured(0, 2);
  for (const [index, { port: application }] of applications.entries())
    written(
      `server-${index}`,
      configOf(
        "server",
        [
          {
            kind: "inbound",
            address: "127.0.0.1",
            port: callees[index]!,
            targetPort: 8080,
            application: { address: "127.0.0.1", port: application },
            protocol: "http",
            mtls: "strict",
            access,
          },
        ],
        {},
      ),
    );
  await renewed();
  const started = (name: string, admin: number, workers: number): Child =>
    child(directory, name, [
      process.execPath,
      join(root, "cli/mesh-proxy.ts"),
      "run",
      ...["--config", join(folderOf(name), "proxy.json"), "--identity", join(folderOf(name), "identity")],
      ...["--admin", `127.0.0.1:${admin}`, "--access-log", "none", "--workers", String(workers), "--grace", "1s"],
    ]);
  const processes = [
    started("caller", admins[0]!, 1),
    started("server-0", admins[1]!, calleeWorkers),
    started("server-1", admins[2]!, calleeWorkers),
  ];
  return {
    port: port!,
    configured,
    renewed,
    served: () => Promise.all(callees.map(servedSerial)),
    caller: () => processes[0]!,
    callee: () => processes[1]!,
    admins,
    stop: async () => {
      await Promise.all(processes.map((one) => one.stop()));
      for (const { close } of applications) close();
      issuing.close();
    },
  };
};
