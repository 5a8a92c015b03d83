import { status } from "@grpc/grpc-js";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { typeUrls } from "../../../targets/xds/resource.ts";
import type { View } from "../view.ts";
import type { Admission } from "./index.ts";
import { resource, viewWith } from "./testing.ts";
import { aggregated, delta, eventually, node, one, raw, secrets, served, sotw, two } from "./fixture.ts";

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

test("what waits to be admitted is bounded in beside the first request", async () => {
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
