/** The child process of `clients.ts`. Each client asks as an Envoy does: all clusters, their endpoints, then all listeners. */
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Client, credentials, type ChannelCredentials, type ClientDuplexStream } from "@grpc/grpc-js";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from "../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { typeUrls } from "../../../targets/xds/resource.ts";
import type { ClientsOptions, FromClients, ToClients } from "./clients.ts";

interface Simulated {
  readonly acknowledged: Map<string, number>;
}

const say = (message: FromClients): void => void process.send?.(message);
const bytes = (value: Buffer): Buffer => value;
const method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

let onAck = (_client: Simulated, _typeUrl: string): void => undefined;

const simulated = (stream: ClientDuplexStream<Buffer, Buffer>, id: string): Simulated => {
  const client: Simulated = { acknowledged: new Map() };
  const send = (what: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): void => {
    stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, what))));
  };
  let hasListeners = false;
  const subscribed = new Set<string>();
  const follow = (typeUrl: string, names: readonly string[]): void => {
    const fresh = names.filter((name) => !subscribed.has(name));
    for (const name of fresh) subscribed.add(name);
    if (fresh.length > 0) send({ typeUrl, resourceNamesSubscribe: fresh });
  };
  stream.on("data", (data: Buffer) => {
    const { typeUrl, nonce, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, data);
    send({ typeUrl, responseNonce: nonce });
    client.acknowledged.set(typeUrl, (client.acknowledged.get(typeUrl) ?? 0) + 1);
    if (typeUrl === typeUrls.cluster) {
      follow(
        typeUrls.endpoints,
        resources.map(({ name }) => name),
      );
      if (removedResources.length > 0) {
        for (const name of removedResources) subscribed.delete(name);
        send({ typeUrl: typeUrls.endpoints, resourceNamesUnsubscribe: removedResources });
      }
      if (!hasListeners) {
        hasListeners = true;
        send({ typeUrl: typeUrls.listener });
      }
    }
    onAck(client, typeUrl);
  });
  stream.on("error", (error) => say({ kind: "failed", why: `${id}: ${error.message}` }));
  send({ node: { id }, typeUrl: typeUrls.cluster });
  return client;
};

const channel = ({ tls }: ClientsOptions): ChannelCredentials =>
  tls === undefined
    ? credentials.createInsecure()
    : credentials.createSsl(Buffer.from(tls.ca), Buffer.from(tls.key), Buffer.from(tls.certificate));

let all: readonly Simulated[] = [];

const started = (options: ClientsOptions): void => {
  const isReady = ({ acknowledged }: Simulated): boolean => (acknowledged.get(typeUrls.listener) ?? 0) > 0;
  let ready = 0;
  onAck = (client, typeUrl) => {
    if (typeUrl === typeUrls.listener && isReady(client) && (ready += 1) === options.count) say({ kind: "connected" });
  };
  all = Array.from({ length: options.count }, (_, index) => {
    // A connection each: proxies do not share theirs.
    const client = new Client(`127.0.0.1:${options.port}`, channel(options), {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
    });
    return simulated(client.makeBidiStreamRequest(method, bytes, bytes), `${options.prefix ?? "client-"}${index}`);
  });
};

const awaited = (serial: number, wanted: string, changes: number): void => {
  const goals = new Map(all.map((client) => [client, (client.acknowledged.get(wanted) ?? 0) + changes]));
  const at: number[] = [];
  onAck = (client, typeUrl) => {
    const goal = goals.get(client);
    if (typeUrl !== wanted || goal === undefined || (client.acknowledged.get(wanted) ?? 0) < goal) return;
    goals.delete(client);
    at.push(Date.now());
    if (goals.size === 0) say({ kind: "arrived", serial, arrived: at.length, at });
  };
  say({ kind: "counting", serial });
};

process.on("message", (message: ToClients) => {
  if (message.kind === "start") started(message.options);
  else awaited(message.serial, message.typeUrl, message.changes);
});
