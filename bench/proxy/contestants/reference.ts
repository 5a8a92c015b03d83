import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { child } from "../../../conformance/rig/process.ts";
import { freePort } from "../../../conformance/rig/free-port.ts";
import { nginx as started } from "../nginx.ts";
import type { Contestant, Surroundings } from "./contestant.ts";

// Proxies that pass on and write a line, and decide nothing: how far one can go.

export const nginx = async ({ tools, directory, origins }: Surroundings): Promise<Contestant> => {
  const [port, accessLog] = [await freePort(), join(directory, "nginx.access.log")];
  const fields = ["time_iso8601", "request_method", "request_uri", "http_host", "status", "bytes_sent", "request_time"];
  const http = `
  log_format fields escape=json '{${fields.map((field) => `"${field}":"$${field}"`).join()}}';
  access_log ${accessLog} fields buffer=64k flush=100ms;
  upstream stable { server 127.0.0.1:${origins.stable.plain}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://stable;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
    }
  }`;
  const process = started(tools, directory, "nginx", http);
  return { name: "nginx", process, ports: { plain: port }, accessLog, rules: false };
};

export const haproxy = async ({ tools, directory, origins }: Surroundings): Promise<Contestant> => {
  const [port, file] = [await freePort(), join(directory, "haproxy.conf")];
  writeFileSync(
    file,
    `
global
  nbthread 1
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend in
  bind 127.0.0.1:${port}
  default_backend stable
backend stable
  server stable 127.0.0.1:${origins.stable.plain}
`,
  );
  const process = child(directory, "haproxy", [tools.haproxy, "-db", "-f", file], { env: tools.libraries });
  return { name: "haproxy", process, ports: { plain: port }, accessLog: process.log, rules: false };
};
