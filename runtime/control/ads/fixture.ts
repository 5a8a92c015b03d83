/** Servers and streams for tests, which end with the test. */
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Client, Server, ServerCredentials, credentials, type ClientDuplexStream } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach } from "vitest";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
  type DeltaDiscoveryResponse,
  type DiscoveryResponse,
} from "../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import type { LogEntry } from "../../log/log.ts";
import type { View } from "../view.ts";
import { adsServer, adsServerOptions, type Admission, type Limits, type Node, type Refusal } from "./index.ts";
import { resource, viewWith } from "./testing.ts";

export const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

export const served = async (
  first: View,
  {
    limits = {},
    admitted = (_: unknown, { id }: Node): Admission => ({ client: { name: id, key: id } }),
  }: {
    readonly limits?: Partial<Limits>;
    readonly admitted?: (peer: unknown, node: Node) => Admission | Promise<Admission>;
  } = {},
) => {
  const views = new Map<string, View>();
  let shown = first;
  const log: LogEntry[] = [];
  const refusals: Refusal[] = [];
  const ads = adsServer({
    admitted,
    viewOf: ({ key }) => views.get(key) ?? shown,
    onRefusal: (refusal) => refusals.push(refusal),
    log: (entry) => log.push(entry),
    limits,
  });
  const server = new Server(adsServerOptions(limits));
  ads.addTo(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  closing.push(() => server.forceShutdown());
  return {
    ads,
    port,
    log,
    refusals,
    shows: (view: View) => {
      shown = view;
      ads.changed(performance.now());
    },
  };
};

export const bytes = (value: Buffer): Buffer => value;
export const aggregated = "/envoy.service.discovery.v3.AggregatedDiscoveryService/";
export const secrets = "/envoy.service.secret.v3.SecretDiscoveryService/";

/** One stream, read message by message. */
export const raw = (port: number, path: string) => {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  closing.push(() => client.close());
  const stream: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(path, bytes, bytes);
  const messages: Buffer[] = [];
  const waiting: ((message: Buffer) => void)[] = [];
  stream.on("data", (message: Buffer) => {
    const next = waiting.shift();
    if (next) next(message);
    else messages.push(message);
  });
  stream.on("error", () => undefined);
  const ended = new Promise<{ code: number; details: string }>((resolve) => stream.on("status", resolve));
  const next = async (): Promise<Buffer> => messages.shift() ?? new Promise((resolve) => waiting.push(resolve));
  return { stream, next, ended, messages };
};

export const node = { id: "n" };

export const delta = (port: number, path = `${aggregated}DeltaAggregatedResources`) => {
  const talk = raw(port, path);
  return {
    ...talk,
    send: (what: MessageInitShape<typeof DeltaDiscoveryRequestSchema>) =>
      talk.stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, what)))),
    next: async (): Promise<DeltaDiscoveryResponse> => fromBinary(DeltaDiscoveryResponseSchema, await talk.next()),
  };
};

export const sotw = (port: number, path = `${aggregated}StreamAggregatedResources`) => {
  const talk = raw(port, path);
  return {
    ...talk,
    send: (what: MessageInitShape<typeof DiscoveryRequestSchema>) =>
      talk.stream.write(Buffer.from(toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, what)))),
    next: async (): Promise<DiscoveryResponse> => fromBinary(DiscoveryResponseSchema, await talk.next()),
  };
};

export const eventually = async (probe: () => boolean): Promise<void> => {
  while (!probe()) await sleep(5);
};

export const one = viewWith({ cluster: [resource("a", "1")] });
export const two = viewWith({ cluster: [resource("a", "2")] });
