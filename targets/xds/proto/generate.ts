/**
 * `node targets/xds/proto/generate.ts`, run by `npm ci`: Envoy's messages as typed JavaScript in `generated/`, from the
 * definitions that the package `@grpc/grpc-js-xds` ships, by `buf` and `protoc-gen-es`. Nothing of it is committed.
 */
import { execFileSync } from "node:child_process";
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const definitions = join(dirname(require.resolve("@grpc/grpc-js-xds/package.json")), "deps");
const buf = require.resolve("@bufbuild/buf/bin/buf");
const plugin = join(dirname(require.resolve("@bufbuild/protoc-gen-es/package.json")), "bin", "protoc-gen-es");

/** Roots of imports, by folder of the package. */
const roots = ["envoy-api", "googleapis", "protoc-gen-validate", "xds"];

/** What is emitted, served or read back; what these import comes along. */
const wanted = [
  "config/bootstrap/v3/bootstrap",
  "config/cluster/v3/cluster",
  "config/endpoint/v3/endpoint",
  "config/listener/v3/listener",
  "config/route/v3/route",
  "extensions/access_loggers/file/v3/file",
  "extensions/access_loggers/stream/v3/stream",
  "extensions/filters/http/cors/v3/cors",
  "extensions/filters/http/fault/v3/fault",
  "extensions/filters/http/grpc_stats/v3/config",
  "extensions/filters/http/rbac/v3/rbac",
  "extensions/filters/http/router/v3/router",
  "extensions/filters/listener/http_inspector/v3/http_inspector",
  "extensions/filters/listener/original_dst/v3/original_dst",
  "extensions/filters/listener/tls_inspector/v3/tls_inspector",
  "extensions/filters/network/http_connection_manager/v3/http_connection_manager",
  "extensions/filters/network/rbac/v3/rbac",
  "extensions/filters/network/tcp_proxy/v3/tcp_proxy",
  "extensions/network/dns_resolver/cares/v3/cares_dns_resolver",
  "extensions/request_id/uuid/v3/uuid",
  "extensions/retry/host/previous_hosts/v3/previous_hosts",
  "extensions/transport_sockets/raw_buffer/v3/raw_buffer",
  "extensions/transport_sockets/tls/v3/secret",
  "extensions/transport_sockets/tls/v3/tls",
  "extensions/upstreams/http/v3/http_protocol_options",
  "service/discovery/v3/ads",
  "service/discovery/v3/discovery",
  "service/secret/v3/sds",
].map((name) => `envoy/${name}.proto`);

const folder = mkdtempSync(join(tmpdir(), "meshwright-proto-"));
try {
  for (const root of roots) cpSync(join(definitions, root), join(folder, root), { recursive: true });
  // The package's own `validate.proto` is older than its other files and does not know this option.
  for (const file of globSync("envoy-api/**/*.proto", { cwd: folder })) {
    const text = readFileSync(join(folder, file), "utf8");
    if (text.includes("ignore_empty"))
      writeFileSync(join(folder, file), text.replaceAll(/,?\s*ignore_empty: true/g, ""));
  }
  writeFileSync(
    join(folder, "buf.yaml"),
    JSON.stringify({
      version: "v2",
      modules: roots.map((path) => ({ path, excludes: path === "protoc-gen-validate" ? [`${path}/tests`] : [] })),
    }),
  );
  const template = {
    version: "v2",
    plugins: [
      {
        local: [process.execPath, plugin],
        out: join(import.meta.dirname, "generated"),
        opt: ["target=js+dts", "json_types=true", "import_extension=js"],
        include_imports: true,
      },
    ],
    clean: true,
  };
  execFileSync(
    process.execPath,
    [
      buf,
      "generate",
      "--template",
      JSON.stringify(template),
      ...wanted.flatMap((file) => ["--path", `envoy-api/${file}`]),
    ],
    { cwd: folder, stdio: ["ignore", "inherit", "inherit"] },
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
