import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Proxies } from "../../conformance/rig/install.ts";
import type { Child } from "../../conformance/rig/process.ts";
import { freePort } from "../../conformance/rig/free-port.ts";
import { bodies, type Body, type Security } from "./cases.ts";
import type { Certificates } from "./certificates.ts";
import { nginx } from "./nginx.ts";
import { openPrefix } from "./request.ts";

/** Who answers; each says which it is at `echoPath`. */
export const backends = ["stable", "canary", "other"] as const;
export type Backend = (typeof backends)[number];

export type Origins = Readonly<Record<Backend, Readonly<Record<Security, number>>>>;

/** Says who answers, the request id that it heard, and the path. */
export const echoPath = `${openPrefix}echo`;

export interface Backing {
  readonly process: Child;
  readonly origins: Origins;
  readonly digests: Readonly<Record<Body["name"], string>>;
}

/** Files, in one process of nginx that is faster than whatever stands before it; with mTLS, whoever calls is asked who it is. */
export const backing = async (
  tools: Proxies,
  directory: string,
  { chain, key, roots }: Certificates,
): Promise<Backing> => {
  const files = join(directory, "files");
  mkdirSync(join(files, openPrefix), { recursive: true });
  const digests = Object.fromEntries(
    bodies.map(({ name, path, bytes }) => {
      const content = Buffer.alloc(bytes, `${name} 0123456789abcdefghijklmnopqrstuvwxyz\n`);
      writeFileSync(join(files, path), content);
      return [name, createHash("sha256").update(content).digest("hex")];
    }),
  ) as Record<Body["name"], string>;
  const ports = async () => [await freePort(), await freePort()] as const;
  const made = Object.fromEntries(
    await Promise.all(
      backends.map(async (name) => {
        const [plain, mtls] = await ports();
        return [name, { plain, mtls }] as const;
      }),
    ),
  ) as unknown as Origins;
  const servers = backends.map(
    (name) => `
  server {
    listen 127.0.0.1:${made[name].plain};
    listen 127.0.0.1:${made[name].mtls} ssl;
    location = ${echoPath} { return 200 "${name} $http_x_request_id $request_uri"; }
  }`,
  );
  // One cipher for all, since two that are chosen freely do not cost the same.
  const http = `
  access_log off;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=16;
  default_type application/octet-stream;
  root ${files};
  ssl_certificate ${chain};
  ssl_certificate_key ${key};
  ssl_client_certificate ${roots};
  ssl_verify_client on;
  ssl_protocols TLSv1.3;
  ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256;
  ${servers.join("")}`;
  return { process: nginx(tools, directory, "backend", http), origins: made, digests };
};
