import { status, type Client } from "@grpc/grpc-js";
import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { decoded } from "../../targets/xds/proto/codec.ts";
import type { DeltaDiscoveryResponse } from "../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { typeUrls } from "../../targets/xds/resource.ts";
import { connected, controlled, eventually, nodeId, running, streaming } from "./fixture.ts";
import { ratings, reviews } from "./identity/fixture.ts";
import type { Authority } from "./identity/index.ts";

const talking = (client: Client, node = nodeId) => {
  const talk = streaming(client, ({ typeUrl, nonce }) => {
    // Clusters wait for the secrets that they need.
    if (typeUrl === typeUrls.secret) talk.send({ typeUrl, responseNonce: nonce });
  });
  talk.send({ node: { id: node }, typeUrl: typeUrls.secret, resourceNamesSubscribe: ["default"] });
  return talk;
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
