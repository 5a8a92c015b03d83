import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Proxies } from "../../conformance/rig/install.ts";
import { child, type Child } from "../../conformance/rig/process.ts";

/** One process that serves what stands inside of `http`. */
export const nginx = (
  { nginx: binary, libraries }: Pick<Proxies, "nginx" | "libraries">,
  directory: string,
  name: string,
  http: string,
): Child => {
  const file = join(directory, `${name}.conf`);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((use) => `  ${use}_temp_path ${directory}/${name}-${use};`)
    .join("\n");
  writeFileSync(
    file,
    `
daemon off;
master_process off;
worker_processes 1;
error_log stderr crit;
pid ${directory}/${name}.pid;
events { worker_connections 4096; }
http {
${temporary}
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
${http}
}
`,
  );
  return child(directory, name, [binary, "-e", "stderr", "-c", file], { env: libraries });
};
