import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Client, credentials, status, type ClientDuplexStream } from "@grpc/grpc-js";
import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { randomMesh } from "../../golden/random/mesh.ts";
import { capturedPlacement } from "../../golden/random/placement.ts";
import type { SpiffeId } from "../../lib/model/selector.ts";
import { decoded } from "../../targets/xds/proto/codec.ts";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  type DeltaDiscoveryResponse,
} from "../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { typeUrls } from "../../targets/xds/resource.ts";
import { control, type ControlOptions } from "./control.ts";
import { ratings, reviews, testAuthority } from "./identity/fixture.ts";
import { identities, type Authority } from "./identity/index.ts";
import type { LogEntry } from "../log/log.ts";
import type { SourceListener } from "./source/source.ts";
import type { Revision } from "./views.ts";

const { graph, mesh } = randomMesh(3);
const placement = capturedPlacement(graph);
const workload = mesh.workloads.find(({ proxy }) => proxy !== "none")!.id;
const nodeId = `${workload}/0`;

/** The mesh in which the workload runs as that identity; without one, in which it is gone. */
const running = (identity: SpiffeId | undefined): Revision => ({
  mesh: {
    ...mesh,
    workloads: mesh.workloads.flatMap((one) =>
      one.id !== workload ? [one] : identity === undefined ? [] : [{ ...one, identity }],
    ),
  },
  placement,
});

const controlled = async (first: Revision | undefined, settings: Partial<ControlOptions> = {}) => {
  const authority = await testAuthority();
  const held = identities({ authority });
  onTestFinished(held.close);
  const log: LogEntry[] = [];
  let listener: SourceListener | undefined;
  const plane = await control({
    source: {
      spansOf: async () => new Map(),
      followed: async (follower) => {
        listener = follower;
        if (first !== undefined) follower.taken(first, []);
        return { stop: () => Promise.resolve() };
      },
    },
    authority,
    identities: held,
    listen: { address: "127.0.0.1", port: 0 },
    names: ["localhost"],
    accessLog: "none",
    sweepMs: 100,
    log: (entry) => log.push(entry),
    ...settings,
  });
  onTestFinished(() => plane.close(0));
  return { plane, authority, log, takes: (revision: Revision) => listener?.taken(revision, []) };
};

/** A client with a certificate of its own. */
const connected = async (port: number, authority: Authority, identity: SpiffeId) => {
  const own = await authority.issued(identity);
  const client = new Client(
    `localhost:${port}`,
    credentials.createSsl(
      Buffer.from(authority.roots()),
      Buffer.from(own.privateKey),
      Buffer.from(own.certificateChain),
    ),
    { "grpc.use_local_subchannel_pool": 1 },
  );
  onTestFinished(() => client.close());
  return client;
};

const path = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";

const talking = (client: Client, node = nodeId) => {
  const bytes = (buffer: Buffer): Buffer => buffer;
  const stream: ClientDuplexStream<Buffer, Buffer> = client.makeBidiStreamRequest(path, bytes, bytes);
  const said: DeltaDiscoveryResponse[] = [];
  stream.on("data", (message: Buffer) => {
    const response = fromBinary(DeltaDiscoveryResponseSchema, message);
    said.push(response);
    const { typeUrl, nonce } = response;
    // Clusters wait for the secrets that they need.
    if (typeUrl === typeUrls.secret) send({ typeUrl, responseNonce: nonce });
  });
  stream.on("error", () => undefined);
  const ended = new Promise<{ readonly code: number; readonly details: string }>((resolve) =>
    stream.on("status", resolve),
  );
  const send = (what: MessageInitShape<typeof DeltaDiscoveryRequestSchema>): void =>
    void stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, what))));
  send({ node: { id: node }, typeUrl: typeUrls.secret, resourceNamesSubscribe: ["default"] });
  return { said, ended, send };
};

const eventually = async (probe: () => boolean): Promise<void> => {
  while (!probe()) await sleep(10);
};

/** Whom the certificate is of that a response brought. */
const identityIn = (authority: Authority, response: DeltaDiscoveryResponse | undefined): unknown => {
  const secret = decoded("secret", response?.resources[0]?.resource?.value ?? new Uint8Array()) as {
    readonly tlsCertificate: { readonly certificateChain: { readonly inlineBytes: string } };
  };
  const pem = Buffer.from(secret.tlsCertificate.certificateChain.inlineBytes, "base64");
  return authority.verified(new X509Certificate(pem).raw);
};

test("a stream never gets the secrets of another identity than it proved, and ends when its workload runs as another", async () => {
  const { plane, authority, takes } = await controlled(running(reviews));
  const old = talking(await connected(plane.port, authority, reviews));
  await eventually(() => old.said.length === 1);
  expect(identityIn(authority, old.said[0])).toBe(reviews);
  takes(running(ratings));
  const next = talking(await connected(plane.port, authority, ratings));
  await eventually(() => next.said.length === 1);
  expect(identityIn(authority, next.said[0])).toBe(ratings);
  expect(await old.ended).toMatchObject({ code: status.PERMISSION_DENIED });
  expect(old.said).toHaveLength(1);
  expect(plane.ads.clients().map(({ client }) => client.name)).toEqual([nodeId]);
  expect(plane.viewOf(nodeId)?.secret.has("default")).toBe(true);
  takes(running(undefined));
  expect(await next.ended).toMatchObject({ code: status.PERMISSION_DENIED });
});

test("who was sent away comes back on another connection, with the certificate that it has by then", async () => {
  const { plane, authority, takes } = await controlled(running(reviews));
  const client = await connected(plane.port, authority, reviews);
  const first = talking(client);
  await eventually(() => first.said.length === 1);
  takes(running(undefined));
  await first.ended;
  await eventually(() => plane.connections().connections === 0);
  takes(running(reviews));
  const second = talking(client);
  await eventually(() => second.said.length === 1);
});

test("a client that comes before the first configuration waits for it", async () => {
  const { plane, authority, takes } = await controlled(undefined);
  const early = talking(await connected(plane.port, authority, reviews));
  early.send({ typeUrl: typeUrls.cluster });
  await sleep(200);
  expect(early.said).toEqual([]);
  takes(running(reviews));
  await eventually(() => early.said.some(({ typeUrl }) => typeUrl === typeUrls.cluster));
});

test("without a configuration a client hears that it may try elsewhere", async () => {
  const { plane, authority, log } = await controlled(undefined, { firstMs: 50 });
  const client = await connected(plane.port, authority, reviews);
  for (let time = 0; time < 60; time += 1)
    expect(await talking(client).ended).toMatchObject({
      code: status.UNAVAILABLE,
      details: "there is no configuration yet",
    });
  const lines = log.filter(({ event }) => event === "no configuration yet").length;
  expect(lines).toBeGreaterThan(0);
  expect(plane.draining()).toBe(false);
  const closed = plane.close(0);
  expect(plane.draining()).toBe(true);
  await closed;
});

test("a refusal stays in the status as long as one stream of the client holds to it", async () => {
  const { plane, authority, log, takes } = await controlled(running(reviews));
  const client = await connected(plane.port, authority, reviews);
  const [refusing, other] = [talking(client), talking(client)];
  for (const one of [refusing, other]) one.send({ typeUrl: typeUrls.cluster });
  const cluster = (from: typeof other) => from.said.find(({ typeUrl }) => typeUrl === typeUrls.cluster);
  await eventually(() => cluster(refusing) !== undefined && cluster(other) !== undefined);
  const { nonce, resources } = cluster(refusing)!;
  const [name] = resources.map((resource) => resource.name);
  other.send({ typeUrl: typeUrls.cluster, responseNonce: cluster(other)!.nonce });
  refusing.send({
    typeUrl: typeUrls.cluster,
    responseNonce: nonce,
    errorDetail: { code: 13, message: `${name}: no` },
  });
  await eventually(() => refusing.said.filter(({ typeUrl }) => typeUrl === typeUrls.cluster).length === 2);
  refusing.send({ typeUrl: typeUrls.cluster, responseNonce: refusing.said.at(-1)!.nonce });
  await sleep(350);
  expect(plane.refusals.all().map(({ client: who, resources: what }) => [who, what])).toEqual([[nodeId, [name]]]);
  expect(log.filter((entry) => JSON.stringify(entry).includes(`${name}: no`))).toMatchObject([
    { level: "error", event: "configuration refused", client: nodeId, type: "cluster" },
  ]);
  takes(running(undefined));
  await refusing.ended;
  await eventually(() => plane.refusals.all().length === 0);
});
