/** gRPC by hand on node:http2, so that whatever must not be said can be said. */
import { connect, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  type DeltaDiscoveryResponse,
} from "../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";

/** How somebody shows who they are; PEM. */
export interface Shown {
  readonly certificateChain: string;
  readonly privateKey: string;
}

export type Asked = MessageInitShape<typeof DeltaDiscoveryRequestSchema>;

/** How a stream came to its end. */
export interface End {
  /** gRPC's; -1 where the connection ended without any. */
  readonly status: number;
  readonly message: string;
}

export interface Stream {
  readonly http: ClientHttp2Stream;
  readonly say: (request: Asked) => void;
  readonly bytes: (frame: Uint8Array) => void;
  readonly responses: readonly DeltaDiscoveryResponse[];
  /** The next response that a predicate takes; rejects with the end where there is none. */
  readonly next: (taken?: (response: DeltaDiscoveryResponse) => boolean) => Promise<DeltaDiscoveryResponse>;
  readonly end: Promise<End>;
}

export interface Dialled {
  readonly session: ClientHttp2Session;
  readonly opened: (onResponse?: (response: DeltaDiscoveryResponse, stream: Stream) => void) => Stream;
  readonly closed: Promise<void>;
  readonly cut: () => void;
}

export const deltaPath = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

/** A message behind gRPC's five bytes. */
export const framed = (message: Uint8Array, { compressed = 0, length = message.length } = {}): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt8(compressed, 0);
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, message]);
};

export const encodedRequest = (request: Asked): Uint8Array =>
  toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request));

/** A connection to a control plane on loopback; failures are told by the ends of its streams. */
export const dialled = (port: number, roots: string, shown: Shown | undefined): Dialled => {
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: roots,
    ...(shown && { cert: shown.certificateChain, key: shown.privateKey }),
    checkServerIdentity: () => undefined,
  });
  let broken = "the connection was closed";
  session.on("error", (error) => (broken = error.message));
  const closed = new Promise<void>((resolve) => session.once("close", () => resolve()));
  return {
    session,
    closed,
    cut: () => session.destroy(),
    opened: (onResponse) => {
      const responses: DeltaDiscoveryResponse[] = [];
      const listeners = new Set<() => void>();
      const http = session.request(
        { ":method": "POST", ":path": deltaPath, "content-type": "application/grpc", te: "trailers" },
        { endStream: false },
      );
      let end: End | undefined;
      const ended = Promise.withResolvers<End>();
      const over = (how: End): void => {
        end ??= how;
        ended.resolve(end);
        for (const listener of listeners) listener();
      };
      const trailing = (headers: IncomingHttpHeaders): void => {
        if (headers["grpc-status"] !== undefined)
          over({
            status: Number(headers["grpc-status"]),
            message: decodeURIComponent([headers["grpc-message"] ?? ""].flat().join()),
          });
      };
      http.on("response", trailing);
      http.on("trailers", trailing);
      http.on("error", (error) => over({ status: -1, message: error.message }));
      http.on("close", () => over({ status: -1, message: broken }));
      let buffer: Buffer = Buffer.alloc(0);
      http.on("data", (chunk: Buffer) => {
        buffer = Buffer.concat([buffer, chunk]);
        while (buffer.length >= 5 && buffer.length >= 5 + buffer.readUInt32BE(1)) {
          const length = buffer.readUInt32BE(1);
          const response = fromBinary(DeltaDiscoveryResponseSchema, buffer.subarray(5, 5 + length));
          buffer = buffer.subarray(5 + length);
          responses.push(response);
          onResponse?.(response, stream);
          for (const listener of listeners) listener();
        }
      });
      const bytes = (frame: Uint8Array): void => {
        if (!http.destroyed && !http.writableEnded) http.write(frame);
      };
      const stream: Stream = {
        http,
        bytes,
        say: (request) => bytes(framed(encodedRequest(request))),
        responses,
        end: ended.promise,
        next: (taken = () => true) => {
          let from = responses.length;
          return new Promise((resolve, reject) => {
            const look = (): void => {
              const found = responses.slice(from).find(taken);
              from = responses.length;
              if (found === undefined && end === undefined) return;
              listeners.delete(look);
              if (found !== undefined) resolve(found);
              else reject(new Error(`the stream ended: ${end?.status} ${end?.message}`));
            };
            listeners.add(look);
          });
        },
      };
      return stream;
    },
  };
};
