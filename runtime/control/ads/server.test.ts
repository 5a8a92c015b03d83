import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { Client, Server, ServerCredentials, credentials, status, type ClientDuplexStream } from "@grpc/grpc-js";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { clients } from "../../../conformance/xds/protocol/clients.ts";
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequestSchema,
  DiscoveryResponseSchema,
  type DeltaDiscoveryResponse,
  type DiscoveryResponse,
} from "../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { typeUrls } from "../../../targets/xds/resource.ts";
import type { LogEntry } from "../log/log.ts";
import type { View } from "../view.ts";
import {
  adsServer,
  adsServerOptions,
  type Admission,
  type Limits,
  type Node,
  type Peer,
  type Refusal,
} from "./index.ts";
import { resource, viewWith } from "./testing.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const served = async (
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

const bytes = (value: Buffer): Buffer => value;
const aggregated = "/envoy.service.discovery.v3.AggregatedDiscoveryService/";
const secrets = "/envoy.service.secret.v3.SecretDiscoveryService/";

/** One stream, read message by message. */
const raw = (port: number, path: string) => {
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

const node = { id: "n" };

const delta = (port: number, path = `${aggregated}DeltaAggregatedResources`) => {
  const talk = raw(port, path);
  return {
    ...talk,
    send: (what: MessageInitShape<typeof DeltaDiscoveryRequestSchema>) =>
      talk.stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, what)))),
    next: async (): Promise<DeltaDiscoveryResponse> => fromBinary(DeltaDiscoveryResponseSchema, await talk.next()),
  };
};

const sotw = (port: number, path = `${aggregated}StreamAggregatedResources`) => {
  const talk = raw(port, path);
  return {
    ...talk,
    send: (what: MessageInitShape<typeof DiscoveryRequestSchema>) =>
      talk.stream.write(Buffer.from(toBinary(DiscoveryRequestSchema, create(DiscoveryRequestSchema, what)))),
    next: async (): Promise<DiscoveryResponse> => fromBinary(DiscoveryResponseSchema, await talk.next()),
  };
};

const eventually = async (probe: () => boolean): Promise<void> => {
  while (!probe()) await sleep(5);
};

const one = viewWith({ cluster: [resource("a", "1")] });
const two = viewWith({ cluster: [resource("a", "2")] });

test("delta: a resource arrives with its name, version, type and bytes; a change follows; the status says so", async () => {
  const { ads, port, shows } = await served(one);
  const talk = delta(port);
  talk.send({ node, typeUrl: typeUrls.cluster });
  const first = await talk.next();
  expect(first.typeUrl).toBe(typeUrls.cluster);
  expect(first.resources.map(({ name, version }) => [name, version])).toEqual([["a", "1"]]);
  expect(first.resources[0]?.resource?.typeUrl).toBe(typeUrls.cluster);
  expect(Buffer.from(first.resources[0]?.resource?.value ?? [])).toEqual(one.cluster.get("a")?.bytes);
  expect(ads.clients()[0]?.synced).toBe(false);
  talk.send({ typeUrl: typeUrls.cluster, responseNonce: first.nonce });
  await eventually(() => ads.clients()[0]?.synced === true);
  expect(ads.clients()[0]?.types.cluster?.acknowledged).toEqual(new Map([["a", "1"]]));
  shows(two);
  expect(ads.clients()[0]?.synced).toBe(false);
  expect((await talk.next()).resources[0]?.version).toBe("2");
  const { pushes, acks, streams } = ads.metrics();
  expect([pushes.cluster, acks.cluster, streams]).toEqual([2, 1, 1]);
});

test("the way of a change to its last ACK is measured once for each client that takes it, and not where it is refused", async () => {
  const { ads, port, shows } = await served(one);
  const [takes, refuses, elsewhere] = [delta(port), delta(port), delta(port)];
  for (const [index, talk] of [takes, refuses].entries()) {
    talk.send({ node: { id: `n${index}` }, typeUrl: typeUrls.cluster });
    const { nonce, typeUrl } = await talk.next();
    talk.send({ typeUrl, responseNonce: nonce });
  }
  elsewhere.send({ node: { id: "n2" }, typeUrl: typeUrls.routes, resourceNamesSubscribe: ["none"] });
  await elsewhere.next().then(({ nonce, typeUrl }) => elsewhere.send({ typeUrl, responseNonce: nonce }));
  await eventually(() => ads.metrics().synced === 3);
  expect(ads.metrics()).toMatchObject({ streams: 3, admitted: 3, convergence: { count: 0 } });
  shows(two);
  const [taken, refused] = [await takes.next(), await refuses.next()];
  await sleep(60);
  takes.send({ typeUrl: typeUrls.cluster, responseNonce: taken.nonce });
  refuses.send({
    typeUrl: typeUrls.cluster,
    responseNonce: refused.nonce,
    errorDetail: { code: 13, message: "a: no" },
  });
  await eventually(() => ads.metrics().nacks.cluster === 1 && ads.metrics().convergence.count === 1);
  const { sum, buckets } = ads.metrics().convergence;
  expect(sum).toBeGreaterThanOrEqual(0.05);
  expect(buckets.filter(([atMost]) => atMost < 0.05).map(([, count]) => count)).toEqual([0, 0]);
  expect(buckets.at(-1)).toEqual([300, 1]);
  // What it refuses still is no reason to wait for what it takes.
  shows(viewWith({ cluster: [resource("a", "2"), resource("b", "1")] }));
  const next = await refuses.next();
  refuses.send({ typeUrl: typeUrls.cluster, responseNonce: next.nonce });
  await eventually(() => ads.metrics().convergence.count === 2);
  expect(ads.metrics().synced).toBe(1);
});

test("sotw: the set arrives as bare resources with a version", async () => {
  const { port, refusals } = await served(one);
  const talk = sotw(port);
  talk.send({ node, typeUrl: typeUrls.cluster });
  const first = await talk.next();
  expect(first.versionInfo).toMatch(/^[0-9a-f]{16}$/);
  expect(Buffer.from(first.resources[0]?.value ?? [])).toEqual(one.cluster.get("a")?.bytes);
  talk.send({
    typeUrl: typeUrls.cluster,
    responseNonce: first.nonce,
    errorDetail: { code: 13, message: "a: no" },
  });
  await eventually(() => refusals.length === 1);
  expect(refusals[0]).toMatchObject({ client: { name: "n" }, type: "cluster", message: "a: no" });
  expect(refusals[0]?.resources).toEqual([one.cluster.get("a")]);
});

test("the secret service serves secrets, and nothing else", async () => {
  const { port } = await served(viewWith({ secret: [resource("s", "1")], cluster: [resource("a", "1")] }));
  const talk = delta(port, `${secrets}DeltaSecrets`);
  talk.send({ node, resourceNamesSubscribe: ["s"] });
  expect((await talk.next()).resources.map(({ name }) => name)).toEqual(["s"]);
  talk.send({ typeUrl: typeUrls.cluster });
  expect((await talk.ended).code).toBe(status.INVALID_ARGUMENT);
  const set = sotw(port, `${secrets}StreamSecrets`);
  set.send({ node, typeUrl: typeUrls.secret, resourceNames: ["s"] });
  expect((await set.next()).resources).toHaveLength(1);
});

test("who is not admitted hears why", async () => {
  const { ads, port } = await served(one, { admitted: () => ({ refused: "who are you?" }) });
  const talk = delta(port);
  talk.send({ node, typeUrl: typeUrls.cluster });
  expect(await talk.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: "who are you?" });
  expect(ads.metrics().refusedAdmissions).toEqual({ unproved: 1, "not entitled": 0, "not ready": 0 });
  expect(ads.clients()).toEqual([]);
});

test("a client certificate that the transport verified is shown to whoever admits", async () => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-ads-"));
  const [keyFile, certificateFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  execFileSync(
    "openssl",
    // One certificate that is its own authority, for both ends.
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout ${keyFile} -out ${certificateFile}`.split(
      " ",
    ),
    { stdio: "pipe" },
  );
  const [key, certificate] = [readFileSync(keyFile), readFileSync(certificateFile)];
  rmSync(folder, { recursive: true });
  const peers: Peer[] = [];
  const ads = adsServer({
    admitted: (peer) => {
      peers.push(peer);
      return { refused: "not you" };
    },
    viewOf: () => one,
    onRefusal: () => undefined,
    log: () => undefined,
  });
  const server = new Server(adsServerOptions());
  ads.addTo(server);
  closing.push(() => server.forceShutdown());
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(
      "127.0.0.1:0",
      ServerCredentials.createSsl(certificate, [{ private_key: key, cert_chain: certificate }], true),
      (error, bound) => (error ? reject(error) : resolve(bound)),
    ),
  );
  const client = new Client(`127.0.0.1:${port}`, credentials.createSsl(certificate, key, certificate), {
    "grpc.ssl_target_name_override": "localhost",
  });
  closing.push(() => client.close());
  const stream = client.makeBidiStreamRequest(`${aggregated}DeltaAggregatedResources`, bytes, bytes);
  stream.on("error", () => undefined);
  const ended = new Promise<{ code: number }>((resolve) => stream.on("status", resolve));
  stream.write(Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, { node }))));
  stream.resume();
  expect((await ended).code).toBe(status.PERMISSION_DENIED);
  expect(peers[0]?.address).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(Buffer.from(peers[0]?.certificate ?? [])).toEqual(new X509Certificate(certificate).raw);
});

test("a message that is none ends its stream, and no other", async () => {
  const { ads, port, shows } = await served(one);
  const good = delta(port);
  good.send({ node, typeUrl: typeUrls.cluster });
  await good.next().then(({ nonce, typeUrl }) => good.send({ typeUrl, responseNonce: nonce }));
  const bad = raw(port, `${aggregated}DeltaAggregatedResources`);
  bad.stream.write(Buffer.from([0xff, 0xff, 0xff]));
  expect((await bad.ended).code).toBe(status.INVALID_ARGUMENT);
  expect(ads.metrics().malformed).toBe(1);
  shows(two);
  expect((await good.next()).resources[0]?.version).toBe("2");
});

test("silence, too many streams of one client, too many names, too large a request: each ends the stream", async () => {
  const { port } = await served(one, {
    limits: { firstMessageMs: 50, streamsPerClient: 1, names: 2, requestBytes: 1000 },
  });
  expect((await delta(port).ended).code).toBe(status.DEADLINE_EXCEEDED);
  const first = delta(port);
  first.send({ node, typeUrl: typeUrls.cluster });
  await first.next();
  const second = delta(port);
  second.send({ node, typeUrl: typeUrls.cluster });
  expect((await second.ended).code).toBe(status.RESOURCE_EXHAUSTED);
  first.send({ typeUrl: typeUrls.endpoints, resourceNamesSubscribe: ["a", "b", "c"] });
  expect((await first.ended).code).toBe(status.RESOURCE_EXHAUSTED);
  const third = delta(port);
  third.send({ node, typeUrl: typeUrls.cluster, resourceNamesSubscribe: ["x".repeat(2000)] });
  expect((await third.ended).code).toBe(status.RESOURCE_EXHAUSTED);
});

test("a resource name is at most 1,024 characters long, in each service and each way of naming it", async () => {
  const { ads, port } = await served(one);
  const [longest, longer] = ["x".repeat(1024), "x".repeat(1025)];
  const fits = delta(port);
  fits.send({ node, typeUrl: typeUrls.endpoints, resourceNamesSubscribe: [longest] });
  expect((await fits.next()).removedResources).toEqual([longest]);
  const typeUrl = typeUrls.secret;
  const talks = [
    { ...delta(port), asked: { node, typeUrl, resourceNamesSubscribe: ["a", longer] } },
    { ...delta(port), asked: { node, typeUrl, resourceLocatorsSubscribe: [{ name: longer }] } },
    { ...delta(port), asked: { node, typeUrl, initialResourceVersions: { [longer]: "1" } } },
    { ...delta(port, `${secrets}DeltaSecrets`), asked: { node, resourceNamesSubscribe: [longer] } },
  ].map((talk) => {
    talk.send(talk.asked);
    return talk.ended;
  });
  const set = [sotw(port), sotw(port, `${secrets}StreamSecrets`)].map((talk) => {
    talk.send({ node, typeUrl, resourceNames: [longer] });
    return talk.ended;
  });
  for (const ended of [...talks, ...set])
    expect(await ended).toEqual(
      expect.objectContaining({ code: status.RESOURCE_EXHAUSTED, details: expect.stringMatching(/1024/) as string }),
    );
  expect([ads.metrics().overLimit, ads.metrics().streams]).toEqual([6, 1]);
});

test("who says more of itself than anybody would keep is no client", async () => {
  const { ads, port } = await served(one);
  const long = "x".repeat(1025);
  for (const wordy of [{ id: long }, { id: "n", cluster: long }, { id: "n", userAgentName: long }]) {
    const talk = delta(port);
    talk.send({ node: wordy, typeUrl: typeUrls.cluster });
    expect((await talk.ended).code).toBe(status.INVALID_ARGUMENT);
  }
  expect(ads.metrics().malformed).toBe(3);
});

test("who calls itself many has no more streams than one identity may have", async () => {
  const { port } = await served(one, {
    limits: { streamsPerOwner: 2 },
    admitted: (_, { id }) => ({ client: { name: id, key: id, owner: "o" } }),
  });
  const [first, second, third] = [delta(port), delta(port), delta(port)];
  first.send({ node: { id: "1" }, typeUrl: typeUrls.cluster });
  second.send({ node: { id: "2" }, typeUrl: typeUrls.cluster });
  await Promise.all([first.next(), second.next()]);
  third.send({ node: { id: "3" }, typeUrl: typeUrls.cluster });
  expect(await third.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  first.stream.end();
  await first.ended;
  const fourth = delta(port);
  fourth.send({ node: { id: "4" }, typeUrl: typeUrls.cluster });
  expect((await fourth.next()).resources).toHaveLength(1);
});

test("what waits to be admitted is bounded in bytes, beside the first request", async () => {
  const admission = Promise.withResolvers<Admission>();
  const { port } = await served(one, { limits: { waitingBytes: 1000 }, admitted: () => admission.promise });
  const large = { node, typeUrl: typeUrls.cluster, resourceNamesSubscribe: ["x".repeat(800)] };
  const [modest, greedy] = [delta(port), delta(port)];
  for (let time = 0; time < 2; time += 1) modest.send(large);
  for (let time = 0; time < 3; time += 1) greedy.send(large);
  expect((await greedy.ended).code).toBe(status.RESOURCE_EXHAUSTED);
  admission.resolve({ client: { name: "n", key: "n" } });
  expect((await modest.next()).typeUrl).toBe(typeUrls.cluster);
});

test("who is told that nobody can serve it now may try elsewhere", async () => {
  const { port } = await served(one, { admitted: () => ({ unavailable: "not yet" }) });
  const talk = delta(port);
  talk.send({ node, typeUrl: typeUrls.cluster });
  expect(await talk.ended).toMatchObject({ code: status.UNAVAILABLE, details: "not yet" });
});

test("who is dismissed hears why, and nobody else does", async () => {
  const { ads, port } = await served(one);
  const [stays, goes] = [delta(port), delta(port)];
  stays.send({ node: { id: "stays" }, typeUrl: typeUrls.cluster });
  goes.send({ node: { id: "goes" }, typeUrl: typeUrls.cluster });
  await Promise.all([stays.next(), goes.next()]);
  ads.judged(({ name }) => (name === "goes" ? { as: "unauthenticated", reason: "too old" } : undefined));
  expect(await goes.ended).toMatchObject({ code: status.UNAUTHENTICATED, details: "too old" });
  expect(ads.clients().map(({ client }) => client.name)).toEqual(["stays"]);
});

test("a client that does not read is sent no more than one response at a time, and then only what is newest", async () => {
  const large = (version: string): View =>
    viewWith({
      cluster: Array.from({ length: 16 }, (_, index) => ({
        ...resource(`c${index}`, version),
        bytes: Buffer.alloc(512 * 1024),
      })),
    });
  const { ads, port, shows } = await served(large("1"));
  const talk = delta(port);
  talk.stream.pause();
  talk.send({ node, typeUrl: typeUrls.cluster });
  await eventually(() => ads.metrics().pushes.cluster === 1);
  for (let version = 2; version < 20; version += 1) {
    shows(large(String(version)));
    await sleep(1);
  }
  expect(ads.metrics().pushes.cluster).toBe(1);
  expect(ads.metrics().pushedBytes.cluster).toBeLessThan(1.5 * 1024 * 1024);
});

test("the log holds no key, whatever a client quotes", async () => {
  const key = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----";
  const { log, port, refusals } = await served(viewWith({ secret: [resource("s", "1", [key])] }));
  const talk = delta(port);
  talk.send({ node, typeUrl: typeUrls.secret, resourceNamesSubscribe: ["s"] });
  const { nonce } = await talk.next();
  talk.send({
    typeUrl: typeUrls.secret,
    responseNonce: nonce,
    errorDetail: { code: 13, message: `s: bad key ${key}` },
  });
  await eventually(() => refusals.length === 1);
  expect(log.length).toBeGreaterThan(0);
  expect(JSON.stringify(log)).not.toMatch(/PRIVATE KEY|MIIEvQ/);
  expect(refusals[0]?.message).not.toMatch(/MIIEvQ/);
});

test("a drain ends every stream, and takes no more", async () => {
  const { ads, port } = await served(one);
  const talks = [delta(port), delta(port)];
  for (const talk of talks) {
    talk.send({ node, typeUrl: typeUrls.cluster });
    await talk.next();
  }
  await ads.drained(50);
  for (const talk of talks) expect((await talk.ended).code).toBe(status.OK);
  expect(ads.metrics().streams).toBe(0);
  const late = delta(port);
  expect((await late.ended).code).toBe(status.UNAVAILABLE);
});

test("fifty clients in another process all come to a change", async () => {
  const { ads, port, shows } = await served(
    viewWith({ cluster: [resource("a", "1")], endpoints: [resource("a", "1")] }),
  );
  const many = await clients({ port, count: 50 });
  closing.push(many.stopped);
  const { arrived } = await many.awaiting(typeUrls.cluster);
  shows(viewWith({ cluster: [resource("a", "2")], endpoints: [resource("a", "1")] }));
  expect((await arrived).arrived).toBe(50);
  await eventually(() => ads.clients().every(({ synced }) => synced));
  expect(ads.clients()).toHaveLength(50);
});
