import { fromBinary } from "@bufbuild/protobuf";
import { BytesValueSchema } from "@bufbuild/protobuf/wkt";
import type { Client } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { proxyConfigTypeUrl } from "../../targets/native/discovery.ts";
import { proxyConfig } from "../../targets/native/emit/index.ts";
import type { DeltaDiscoveryResponse } from "../../targets/xds/proto/generated/envoy/service/discovery/v3/discovery_pb.js";
import { resourceTypes, typeUrls } from "../../targets/xds/resource.ts";
import { connected, controlled, eventually, nodeId, running, streaming, workload } from "./fixture.ts";
import { ratings, reviews } from "./identity/fixture.ts";
import { lookup } from "../../lib/model/lookup.ts";
import { views, type Revision } from "./views.ts";

const revision = running(reviews);
/** The same with something that the workload is told, and nobody else. */
const moved: Revision = {
  ...revision,
  mesh: { ...revision.mesh, platform: { ...revision.mesh.platform, pathNormalization: "decode-and-merge-slashes" } },
};
const emitted = ({ mesh, placement }: Revision, instance = 0) =>
  proxyConfig(mesh, lookup(mesh).workload(workload)!, placement.instances[workload]![instance]!, placement);

interface Claims {
  readonly node?: string;
  readonly versions?: Readonly<Record<string, string>>;
}

const meshProxy = (client: Client, { node = nodeId, versions = {} }: Claims = {}) => {
  const talk = streaming(client);
  talk.send({
    node: { id: node, userAgentName: "mesh-proxy", userAgentVersionType: { case: "userAgentVersion", value: "1" } },
    typeUrl: proxyConfigTypeUrl,
    resourceNamesSubscribe: [workload],
    initialResourceVersions: { ...versions },
  });
  return {
    ...talk,
    answered: (nonce: string, refusal?: string) =>
      talk.send({
        typeUrl: proxyConfigTypeUrl,
        responseNonce: nonce,
        ...(refusal !== undefined && { errorDetail: { code: 3, message: refusal } }),
      }),
  };
};

const configurationIn = ({ resources }: DeltaDiscoveryResponse): unknown => {
  expect(resources.map(({ name }) => name)).toEqual([workload]);
  const { typeUrl, value } = resources[0]!.resource!;
  expect(typeUrl).toBe(proxyConfigTypeUrl);
  return JSON.parse(Buffer.from(fromBinary(BytesValueSchema, value).value).toString());
};

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("an Envoy and a mesh-proxy of one name are each told what is theirs, and nothing else", async () => {
  const { plane, authority } = await controlled(revision);
  const client = await connected(plane.port, authority, reviews);
  const envoy = streaming(client, ({ typeUrl, nonce }) => envoy.send({ typeUrl, responseNonce: nonce }));
  envoy.send({ node: { id: nodeId, userAgentName: "envoy" }, typeUrl: typeUrls.secret, resourceNamesSubscribe: ["*"] });
  for (const typeUrl of [typeUrls.cluster, typeUrls.endpoints, typeUrls.listener, typeUrls.routes, proxyConfigTypeUrl])
    envoy.send({ typeUrl, resourceNamesSubscribe: ["*"] });
  const own = meshProxy(client);
  await eventually(() => own.said.length > 0 && envoy.said.some(({ typeUrl }) => typeUrl === typeUrls.routes));
  expect(configurationIn(own.said[0]!)).toEqual(emitted(revision));
  for (const typeUrl of Object.values(typeUrls)) own.send({ typeUrl, resourceNamesSubscribe: ["default", "*"] });
  own.answered(own.said[0]!.nonce);
  await sleep(300);
  for (const { resources } of own.said.slice(1)) expect(resources).toEqual([]);
  // What Envoys are told is what would be made for them if there were nobody else.
  const alone = views(revision, { accessLog: "none" }).of({ workload, instance: 0, kind: "envoy" })!;
  for (const type of ["cluster", "endpoints", "listener", "routes"] as const) {
    const told = envoy.said.flatMap(({ typeUrl, resources }) => (typeUrl === typeUrls[type] ? resources : []));
    expect(Object.fromEntries(told.map(({ name, resource }) => [name, hex(resource!.value)]))).toEqual(
      Object.fromEntries([...alone[type].values()].map(({ name, bytes }) => [name, hex(bytes)])),
    );
    expect(told.length).toBeGreaterThan(0);
  }
  const configs = envoy.said.flatMap(({ typeUrl, resources }) => (typeUrl === proxyConfigTypeUrl ? resources : []));
  expect(configs).toEqual([]);
  expect(envoy.said.find(({ typeUrl }) => typeUrl === typeUrls.secret)?.resources.length).toBeGreaterThan(0);
  expect(new Set(plane.ads.clients().map((one) => one.client.key)).size).toBe(2);
});

test("a proxy is told what is another, and nothing where its configuration is the same, or it has it already", async () => {
  const { plane, authority, takes } = await controlled(revision);
  const client = await connected(plane.port, authority, reviews);
  const own = meshProxy(client);
  await eventually(() => own.said.length === 1);
  own.answered(own.said[0]!.nonce);
  await eventually(() => plane.ads.metrics().synced === 1);
  // Another revision, in which nothing is another for it.
  takes({ ...revision, mesh: { ...revision.mesh } });
  takes({ ...revision, placement: { ...revision.placement } });
  await sleep(200);
  expect(own.said).toHaveLength(1);
  takes(moved);
  await eventually(() => own.said.length === 2);
  expect(configurationIn(own.said[1]!)).toEqual(emitted(moved));
  const { version } = own.said[1]!.resources[0]!;
  const back = meshProxy(client, { versions: { [workload]: version } });
  const older = meshProxy(client, { versions: { [workload]: own.said[0]!.resources[0]!.version } });
  await eventually(() => older.said.length === 1);
  expect(configurationIn(older.said[0]!)).toEqual(emitted(moved));
  await sleep(200);
  expect(back.said).toEqual([]);
});

test("each copy is told where it listens itself, and one that is placed nowhere that there is nothing", async () => {
  const instances = { [workload]: [{ address: "10.1.0.1" }, { address: "10.1.0.2" }] };
  const placed: Revision = {
    ...revision,
    placement: { ...revision.placement, instances: { ...revision.placement.instances, ...instances } },
  };
  const { plane, authority } = await controlled(placed);
  const client = await connected(plane.port, authority, reviews);
  const copies = [0, 1].map((index) => meshProxy(client, { node: `${workload}/${index}` }));
  const nowhere = meshProxy(client, { node: `${workload}/2` });
  await eventually(() => [...copies, nowhere].every(({ said }) => said.length === 1));
  for (const [index, { said }] of copies.entries()) expect(configurationIn(said[0]!)).toEqual(emitted(placed, index));
  expect(nowhere.said[0]).toMatchObject({ resources: [], removedResources: [workload] });
});

test("a refusal is kept until the proxy is told something else, with who made what it refuses", async () => {
  const { plane, authority, takes } = await controlled(revision);
  const own = meshProxy(await connected(plane.port, authority, reviews));
  await eventually(() => own.said.length === 1);
  own.answered(own.said[0]!.nonce, "the port is taken");
  await eventually(() => plane.refusals.all().length === 1);
  expect(plane.refusals.all()).toMatchObject([
    { client: nodeId, type: "proxyConfig", resources: [workload], message: "the port is taken" },
  ]);
  expect(plane.ads.metrics().nacks.proxyConfig).toBe(1);
  const served = plane.viewOf(nodeId)?.proxyConfig.get(workload);
  expect(served?.origins.length).toBeGreaterThan(0);
  await sleep(300);
  expect(own.said).toHaveLength(1);
  takes(moved);
  await eventually(() => own.said.length === 2);
  own.answered(own.said[1]!.nonce);
  await eventually(() => plane.refusals.all().length === 0);
});

test("who runs as somebody else is told no configuration", async () => {
  const { plane, authority } = await controlled(revision);
  const stranger = meshProxy(await connected(plane.port, authority, ratings));
  expect(await stranger.ended).toMatchObject({ details: expect.stringContaining("runs no proxy") as string });
  expect(stranger.said).toEqual([]);
});

test("what mesh-proxies are not told is in the status while one of them is there", async () => {
  const { plane, authority, takes } = await controlled(undefined);
  const warning = (code: string) => ({ code, severity: "warning", message: code, at: undefined }) as const;
  takes(revision, [warning("MESH5007")], [warning("MESH5007"), warning("MESH5009")]);
  const codes = () => plane.source().warnings.map(({ code }) => code);
  const envoy = streaming(await connected(plane.port, authority, reviews));
  envoy.send({ node: { id: nodeId, userAgentName: "envoy" }, typeUrl: typeUrls.cluster });
  await eventually(() => plane.ads.clients().length === 1);
  expect(codes()).toEqual(["MESH5007"]);
  const client = await connected(plane.port, authority, reviews);
  const own = meshProxy(client);
  await eventually(() => own.said.length === 1);
  expect(codes()).toEqual(["MESH5007", "MESH5009"]);
  client.close();
  await eventually(() => plane.ads.clients().length === 1);
  expect(codes()).toEqual(["MESH5007"]);
});

test("what an Envoy may have is nothing of the project's own proxy's, and the other way round", () => {
  const of = views(revision, { accessLog: "none" });
  const envoy = of.of({ workload, instance: 0, kind: "envoy" })!;
  const own = of.of({ workload, instance: 0, kind: "mesh-proxy" })!;
  expect(envoy.proxyConfig.size).toBe(0);
  for (const type of resourceTypes) if (type !== "secret") expect(own[type].size).toBe(0);
  expect(of.next({ ...revision }).of({ workload, instance: 0, kind: "mesh-proxy" })).toBe(own);
});
