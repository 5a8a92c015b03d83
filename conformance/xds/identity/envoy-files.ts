import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import {
  authority,
  joined,
  joinServer,
  joinTokens,
  keyFolder,
  renewed,
} from "../../../runtime/control/identity/index.ts";
import { install } from "../../rig/install.ts";
import { child, eventually } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";

const trustDomain = "mesh.test";
const identity = `spiffe://${trustDomain}/ns/shop/sa/reviews`;

/** What a joined machine writes, held against a real Envoy: it starts with the files, and changes when they do. */
export const envoyFiles = async (verdicts: Verdicts): Promise<void> => {
  const tools = await install();
  const folder = mkdtempSync(join(tmpdir(), "meshwright-envoy-files-"));
  const machine = join(folder, "identity");
  const root = await authority({ store: keyFolder(join(folder, "keys")), trustDomain, create: true });
  const tokens = joinTokens({ folder: join(folder, "tokens") });
  const server = await joinServer({ authority: root, tokens, names: ["127.0.0.1"], host: "127.0.0.1" });
  const url = `https://127.0.0.1:${server.port}`;
  const token = await tokens.created({ workload: "vm/reviews", identity, ttlMs: 60_000 });
  const outcome = await joined({ server: url, roots: root.roots(), token, workload: "vm/reviews", folder: machine });
  const port = 20_000 + (process.pid % 10_000);
  writeFileSync(join(folder, "envoy.json"), JSON.stringify(bootstrap(port, machine)));
  const envoy = child(folder, "envoy", [
    tools.envoy,
    "-c",
    join(folder, "envoy.json"),
    "--use-dynamic-base-id",
    "--concurrency",
    "1",
    "--log-level",
    "warning",
  ]);
  try {
    await judged(verdicts, "a machine joins", async () => difference(outcome.kind, "joined"));
    const shown = async (): Promise<string> => {
      const own = await root.issued(`spiffe://${trustDomain}/ns/shop/sa/ratings`);
      const socket = connect({
        port,
        host: "127.0.0.1",
        cert: own.certificateChain,
        key: own.privateKey,
        ca: root.roots(),
        checkServerIdentity: () => undefined,
      });
      socket.on("error", () => undefined);
      await once(socket, "secureConnect");
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined || root.verified(certificate.raw, "server") !== identity)
        throw new Error("Envoy shows another identity");
      return certificate.serialNumber;
    };
    let serial = "";
    await judged(verdicts, "Envoy serves with the identity's files", async () => {
      serial = await eventually("Envoy answers", shown, { needs: [envoy] });
      return undefined;
    });
    for (const step of ["add", "switch", "retire"] as const)
      await judged(verdicts, `Envoy takes the renewed certificate, key and roots while it runs (${step})`, async () => {
        await root.rotated(step, { over: () => true });
        await new Promise((resolve) => setTimeout(resolve, 100));
        const again = await renewed({ server: url, folder: machine });
        if (again.kind === "refused") return again.reason;
        serial = await eventually(
          "Envoy shows the new certificate",
          async () => {
            const next = await shown();
            return next === serial ? undefined : next;
          },
          { needs: [envoy], timeoutMs: 10_000 },
        );
        return undefined;
      });
  } finally {
    await envoy.stop();
    await server.close();
    root.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

const bootstrap = (port: number, folder: string): unknown => {
  const secret = (name: string, file: string) => ({
    name,
    sdsConfig: {
      resourceApiVersion: "V3",
      pathConfigSource: { path: join(folder, file), watchedDirectory: { path: folder } },
    },
  });
  const context = {
    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
    requireClientCertificate: true,
    commonTlsContext: {
      tlsCertificateSdsSecretConfigs: [secret("default", "sds.json")],
      validationContextSdsSecretConfig: secret("ROOTCA", "sds-roots.json"),
    },
  };
  const echo = {
    name: "envoy.filters.network.echo",
    typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo" },
  };
  return {
    node: { id: "machine", cluster: "machine" },
    staticResources: {
      listeners: [
        {
          name: "in",
          address: { socketAddress: { address: "127.0.0.1", portValue: port } },
          filterChains: [
            { transportSocket: { name: "envoy.transport_sockets.tls", typedConfig: context }, filters: [echo] },
          ],
        },
      ],
    },
  };
};
