import { create, toBinary } from "@bufbuild/protobuf";
import { Client, Server, ServerCredentials, credentials, status } from "@grpc/grpc-js";
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { clients } from "../../../conformance/xds/protocol/clients.ts";
import { DeltaDiscoveryRequestSchema } from "../../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { typeUrls } from "../../../targets/xds/resource.ts";
import { adsServer, adsServerOptions, type Peer } from "./index.ts";
import { resource, viewWith } from "./testing.ts";
import { aggregated, bytes, closing, delta, eventually, node, one, secrets, served, sotw, two } from "./fixture.ts";

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
