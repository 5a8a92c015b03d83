/**
 * What istio-agent and istiod's own authority are for Istio's proxies, by ours: identities over SDS. Its one argument is a
 * JSON file that says where it listens, where the authority's keys lie, and what the world's certificates are signed by.
 */
import { readFile } from "node:fs/promises";
import { authority, identities, keyFolder, rootsSecret } from "../../../runtime/control/identity/index.ts";
import type { Log } from "../../../runtime/log/log.ts";
import { secretService } from "../../../runtime/control/secret-service.ts";

export interface IdentityConfiguration {
  readonly listen: { readonly address: string; readonly port: number };
  /** A folder of keys. */
  readonly authority: string;
  readonly trustDomain: string;
  /** A file of PEM: what proxies get as the system's bundle. */
  readonly systemRoots: string;
}

const configuration = JSON.parse(await readFile(process.argv[2] ?? "", "utf8")) as IdentityConfiguration;
const { listen, trustDomain, systemRoots } = configuration;
const log: Log = (entry) => console.log(JSON.stringify(entry));

const root = await authority({ store: keyFolder(configuration.authority), trustDomain, refreshMs: 500, log });
const running = await secretService({
  authority: root,
  identities: identities({ authority: root, spreadMs: 1000, log }),
  listen,
  names: [listen.address],
  // istiod names the system's bundle so where TLS to the world is originated (pilot/pkg/security/model, `file-root:system`).
  extraSecrets: [rootsSecret(await readFile(systemRoots, "utf8"), "file-root:system")],
  log,
});
log({ level: "info", event: "serving", port: running.port });
process.once("SIGTERM", () => void running.close(0).then(() => process.exit(0)));
