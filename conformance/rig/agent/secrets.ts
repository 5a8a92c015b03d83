import { chmodSync, readFileSync } from "node:fs";
import { createServer, type ServerHttp2Stream } from "node:http2";
import type { AgentSettings, Secret } from "./protocol.ts";

const path = "/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets";
const typeUrl = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

/**
 * Serves the secrets that istio-agent would serve beside Envoy: the workload's identity (`default`), the mesh's trust
 * (`ROOTCA`) and certificate files by name (`file-root:…`). Istio asks for even the system's trust bundle this way, so
 * without it no proxy can originate TLS. State-of-the-world SDS over gRPC, encoded by hand: three messages.
 */
export const secretServer = (settings: AgentSettings): void => {
  const server = createServer();
  server.on("sessionError", () => {});
  server.on("stream", (stream: ServerHttp2Stream, headers) => {
    stream.on("error", () => {});
    if (headers[":path"] !== path) {
      stream.respond({ ":status": 200, "content-type": "application/grpc", "grpc-status": "12" }, { endStream: true });
      return;
    }
    stream.respond({ ":status": 200, "content-type": "application/grpc" });
    let buffer: Buffer = Buffer.alloc(0);
    let answered = "";
    stream.on("data", (chunk: Buffer) => {
      buffer = Buffer.concat([buffer, chunk]);
      while (buffer.length >= 5 && buffer.length >= 5 + buffer.readUInt32BE(1)) {
        const names = resourceNames(buffer.subarray(5, 5 + buffer.readUInt32BE(1)));
        buffer = buffer.subarray(5 + buffer.readUInt32BE(1));
        // The same names again acknowledge (or refuse) what was sent: there is nothing newer.
        if (names.join() === answered) continue;
        answered = names.join();
        stream.write(frame(discoveryResponse(names.flatMap((name) => secretBytes(name, settings) ?? []))));
      }
    });
    stream.on("end", () => stream.end());
  });
  server.listen(settings.secretSocket, () => {
    // Envoy is another user than the agent.
    chmodSync(settings.secretSocket, 0o777);
  });
};

const secretBytes = (name: string, settings: AgentSettings): Buffer | undefined => {
  const secret = settings.secrets[name] ?? fileSecret(name);
  if (secret === undefined) {
    console.error(`asked for the unknown secret ${name}`);
    return undefined;
  }
  const body =
    secret.kind === "identity"
      ? field(2, Buffer.concat([field(1, inline(secret.certificate)), field(2, inline(secret.key))]))
      : field(4, field(1, inline(secret.certificate)));
  return Buffer.concat([field(1, Buffer.from(name)), body]);
};

const fileSecret = (name: string): Secret | undefined => {
  const [kind, first = "", second = ""] = name.split(/[:~]/);
  if (kind === "file-root")
    return {
      kind: "trust",
      certificate: readFileSync(first === "system" ? "/etc/ssl/certs/ca-certificates.crt" : first, "utf8"),
    };
  if (kind === "file-cert")
    return { kind: "identity", certificate: readFileSync(first, "utf8"), key: readFileSync(second, "utf8") };
  return undefined;
};

const discoveryResponse = (secrets: readonly Buffer[]): Buffer =>
  Buffer.concat([
    field(1, Buffer.from("1")),
    ...secrets.map((secret) => field(2, Buffer.concat([field(1, Buffer.from(typeUrl)), field(2, secret)]))),
    field(4, Buffer.from(typeUrl)),
    field(5, Buffer.from("1")),
  ]);

/** `DataSource.inline_bytes`. */
const inline = (pem: string): Buffer => field(2, Buffer.from(pem));

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  return Buffer.from([...bytes, rest]);
};

/** A length-delimited protobuf field. */
const field = (number: number, value: Buffer): Buffer =>
  Buffer.concat([varint((number << 3) | 2), varint(value.length), value]);

const frame = (message: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
};

/** `DiscoveryRequest.resource_names`, field 3; everything else is skipped. */
const resourceNames = (message: Buffer): readonly string[] => {
  const names: string[] = [];
  let position = 0;
  const read = (): number => {
    let [value, shift] = [0, 0];
    for (;;) {
      const byte = message[position] ?? 0;
      position += 1;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
      shift += 7;
    }
  };
  while (position < message.length) {
    const tag = read();
    if ((tag & 7) === 0) read();
    else if ((tag & 7) === 1) position += 8;
    else if ((tag & 7) === 5) position += 4;
    else {
      const length = read();
      if (tag >> 3 === 3) names.push(message.subarray(position, position + length).toString());
      position += length;
    }
  }
  return names;
};
