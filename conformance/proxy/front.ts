import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProxyConfig } from "../../targets/native/config.ts";
import { child, eventually } from "../rig/process.ts";
import { freePort } from "../rig/free-port.ts";
import type { Front } from "./parser/checks.ts";

/** A whole `mesh-proxy` before a backend, as the proxy of the application there: nobody is refused for who he is. */
export const meshProxyFront =
  (program: string): Front =>
  async (backendPort) => {
    const folder = mkdtempSync(join(tmpdir(), "meshwright-front-"));
    const [port, admin] = [await freePort(), await freePort()];
    const nobody = { anonymous: 0, authenticated: 0, prefixes: {}, exact: {} };
    const config: ProxyConfig = {
      version: 1,
      workload: "front/front",
      identity: "spiffe://cluster.local/ns/front/sa/front",
      trustDomain: "cluster.local",
      pathNormalization: "none",
      listeners: [
        {
          kind: "inbound",
          address: "127.0.0.1",
          port,
          targetPort: backendPort,
          application: { address: "127.0.0.1", port: backendPort },
          protocol: "http",
          mtls: "disabled",
          access: { deny: { ...nobody, nodes: [{ connection: false, otherMethods: false, methods: {} }] } },
        },
      ],
      clusters: {},
    };
    const file = join(folder, "proxy.json");
    writeFileSync(file, JSON.stringify(config));
    const running = child(folder, "mesh-proxy", [
      ...[process.execPath, program, "run", "--config", file],
      ...["--admin", `127.0.0.1:${admin}`, "--access-log", "none"],
    ]);
    await eventually(
      "mesh-proxy is ready",
      () => fetch(`http://127.0.0.1:${admin}/readyz`).then(({ ok }) => ok || undefined),
      { needs: [running] },
    );
    return {
      port,
      stop: () => void running.stop(0).then(() => rmSync(folder, { recursive: true, force: true })),
    };
  };
