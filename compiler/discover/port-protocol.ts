import type { Protocol } from "../../lib/graph/protocol.ts";

/** The words that Istio knows (`pkg/config/protocol/instance.go`), in its reading of them. */
const words: Readonly<Record<string, Protocol>> = {
  tcp: "tcp",
  udp: "udp",
  grpc: "grpc",
  "grpc-web": "grpc",
  http: "http",
  http_proxy: "http",
  http2: "http2",
  https: "https",
  tls: "tls",
  mongo: "mongo",
  redis: "redis",
  mysql: "mysql",
};

/** Kubernetes' own words, which stand in `appProtocol` only. */
const standardWords: Readonly<Record<string, Protocol>> = {
  "kubernetes.io/h2c": "http2",
  "kubernetes.io/ws": "http",
  "kubernetes.io/wss": "https",
};

/** Ports where the server speaks first, so that looking at the first bytes would wait for ever. */
const neverSniffed = new Set([25, 53, 3306, 27017]);

/** What a service's port speaks, as Istio decides (`pkg/config/kube/conversion.go`): a set `appProtocol` hides the name. */
export const portProtocol = (port: {
  readonly number: number;
  readonly name: string;
  readonly transport: "TCP" | "UDP";
  readonly appProtocol: string | undefined;
}): Protocol | "undeclared" => {
  if (port.transport === "UDP") return "udp";
  const standard = port.appProtocol === undefined ? undefined : own(standardWords, port.appProtocol);
  if (standard) return standard;
  const written = (port.appProtocol ?? port.name).toLowerCase();
  const word = written.startsWith("grpc-web") ? "grpc-web" : written.replace(/-.*$/s, "");
  return own(words, word) ?? (neverSniffed.has(port.number) ? "tcp" : "undeclared");
};

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(table, key) ? table[key] : undefined;
