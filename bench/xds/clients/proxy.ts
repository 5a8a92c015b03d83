import { create, fromBinary, fromJson, toBinary, type JsonValue, type MessageInitShape } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { NodeSchema } from "../../../targets/xds/proto/generated/envoy/config/core/v3/base_pb.js";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from "../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { typeUrls } from "../../../targets/xds/resource.ts";
import type { PlaneSpec, ProxySpec } from "./messages.ts";
import { endpointsOf, routesOf } from "./references.ts";

/** A response whose ACK was just sent. */
export interface Received {
  readonly typeUrl: string;
  readonly bytes: Buffer;
}

const method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
const asIs = (value: Buffer): Buffer => value;

/**
 * One delta stream that asks as an Envoy does: all clusters, their endpoints, then all listeners and their routes. It
 * acknowledges everything at once, and looks at it afterwards.
 */
export const proxy = (
  { address, port, secrets }: PlaneSpec,
  { node, tls }: ProxySpec,
  received: (response: Received) => void,
  failed: (why: string) => void,
): void => {
  // A connection each: proxies do not share theirs.
  const client = new Client(
    `${address}:${port}`,
    tls === undefined
      ? credentials.createInsecure()
      : credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.certificate)),
    {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
      // An address is no server name in TLS; the certificate has this one too.
      "grpc.ssl_target_name_override": "localhost",
    },
  );
  const stream = client.makeBidiStreamRequest(method, asIs, asIs);
  const send = (request: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): void =>
    void stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request))));
  const subscribed = new Map<string, Set<string>>();
  const follow = (typeUrl: string, names: readonly string[]): void => {
    const known = subscribed.get(typeUrl) ?? new Set();
    subscribed.set(typeUrl, known);
    const fresh = [...new Set(names)].filter((name) => !known.has(name));
    for (const name of fresh) known.add(name);
    if (fresh.length > 0) send({ typeUrl, resourceNamesSubscribe: fresh });
  };
  let hasClusters = false;
  stream.on("data", (bytes: Buffer) => {
    const { typeUrl, nonce, resources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
    send({ typeUrl, responseNonce: nonce });
    received({ typeUrl, bytes });
    const read = (references: typeof endpointsOf): readonly string[] =>
      resources.flatMap(({ resource }) => (resource === undefined ? [] : references(resource.value)));
    if (typeUrl === typeUrls.cluster) {
      follow(typeUrls.endpoints, read(endpointsOf));
      if (hasClusters) return;
      hasClusters = true;
      follow(typeUrls.secret, secrets);
      send({ typeUrl: typeUrls.listener });
    } else if (typeUrl === typeUrls.listener) follow(typeUrls.routes, read(routesOf));
  });
  stream.on("error", (error) => failed(`${node.id}: ${error.message}`));
  send({ node: fromJson(NodeSchema, node as unknown as JsonValue), typeUrl: typeUrls.cluster });
};
