/** The child process of `population.ts`: delta clients that ask for all they may have, take what they get, and count it. */
import { readFileSync, rmSync } from "node:fs";
import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from "../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { typeUrls } from "../../../targets/xds/resource.ts";
import type { FromPopulation, Holdings, Member, Received, Start, ToPopulation } from "./population.ts";

interface Simulated {
  readonly node: string;
  readonly held: Map<string, Map<string, string>>;
  received: { responses: number; bytes: number; resources: string[]; removed: string[] };
}

const say = (message: FromPopulation): void => void process.send?.(message);
const bytes = (value: Buffer): Buffer => value;
const method = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
/** In the order in which an Envoy asks. */
const asked = [typeUrls.secret, typeUrls.cluster, typeUrls.endpoints, typeUrls.listener, typeUrls.routes];
const nothingYet = (): Simulated["received"] => ({ responses: 0, bytes: 0, resources: [], removed: [] });

const simulated = (start: Start, member: Member, isAnswered: () => void): Simulated => {
  const client: Simulated = {
    node: member.node,
    held: new Map(
      Object.entries(start.holdings[member.node] ?? {}).map(([type, all]) => [type, new Map(Object.entries(all))]),
    ),
    received: nothingYet(),
  };
  const channel = new Client(
    `127.0.0.1:${start.port}`,
    credentials.createSsl(Buffer.from(start.roots), Buffer.from(member.key), Buffer.from(member.certificate), {
      checkServerIdentity: () => undefined,
    }),
    { "grpc.use_local_subchannel_pool": 1, "grpc.enable_retries": 0, "grpc.ssl_target_name_override": "mesh-control" },
  );
  const stream = channel.makeBidiStreamRequest(method, bytes, bytes);
  const send = (what: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): void => {
    stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, what))));
  };
  const waiting = new Set<string>(asked);
  stream.on("data", (data: Buffer) => {
    const { typeUrl, nonce, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, data);
    const held = client.held.get(typeUrl) ?? new Map<string, string>();
    client.held.set(typeUrl, held);
    for (const { name, version } of resources) held.set(name, version);
    for (const name of removedResources) held.delete(name);
    const type = typeUrl.split(".").at(-1) ?? "";
    client.received.responses += 1;
    client.received.bytes += data.length;
    client.received.resources.push(...resources.map(({ name }) => `${type} ${name}`));
    client.received.removed.push(...removedResources.map((name) => `${type} ${name}`));
    send({ typeUrl, responseNonce: nonce });
    if (waiting.delete(typeUrl) && waiting.size === 0) isAnswered();
  });
  stream.on("error", (error) => say({ kind: "failed", why: `${member.node}: ${error.message}` }));
  for (const [index, typeUrl] of asked.entries())
    send({
      ...(index === 0 && { node: { id: member.node } }),
      typeUrl,
      resourceNamesSubscribe: ["*"],
      initialResourceVersions: Object.fromEntries(client.held.get(typeUrl) ?? []),
    });
  return client;
};

let all: readonly Simulated[] = [];

const started = (start: Start): void => {
  let left = start.members.length;
  all = start.members.map((member) =>
    simulated(start, member, () => {
      left -= 1;
      if (left === 0) say({ kind: "ready" });
    }),
  );
};

const told = (): readonly Received[] =>
  all.flatMap((client) => {
    const { received, node } = client;
    client.received = nothingYet();
    return received.responses > 0 ? [{ node, ...received }] : [];
  });

const holdings = (): Readonly<Record<string, Holdings>> =>
  Object.fromEntries(
    all.map(({ node, held }) => [
      node,
      Object.fromEntries([...held].map(([type, names]) => [type, Object.fromEntries(names)])),
    ]),
  );

process.on("message", (message: ToPopulation) => {
  if (message.kind === "tell") return say({ kind: "told", received: told() });
  if (message.kind === "holdings") return say({ kind: "holdings", holdings: holdings() });
  const start = JSON.parse(readFileSync(message.file, "utf8")) as Start;
  // It holds keys.
  rmSync(message.file);
  started(start);
});
