/** What somebody with a good certificate may say to do harm. */
import type { IncomingHttpHeaders } from "node:http2";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { typeUrls } from "../../../targets/xds/resource.ts";
import { inTime } from "../../rig/in-time.ts";
import { holders, idOf } from "../scale/mesh.ts";
import { framed, type End, type Stream } from "./dialled.ts";
import type { Scene } from "./scene.ts";

const [invalidArgument, resourceExhausted] = [3, 8];
const attacker = 3;
const node = { id: `${idOf(attacker)}/0` };
const stormMs = 3000;

export const hostileRequests = async (scene: Scene): Promise<void> => {
  const { control, held, dial, shown } = scene;
  const own = await shown(attacker);

  const ended = async (status: number, said: (stream: Stream) => void): Promise<string | undefined> => {
    const connection = dial(own);
    const stream = connection.opened();
    said(stream);
    const end = await inTime(stream.end, 15_000, (): End => ({ status: -2, message: "it goes on" }));
    connection.cut();
    return end.status === status ? undefined : `${end.status} ${end.message}`;
  };
  const admitted = (stream: Stream): void => stream.say({ node, typeUrl: typeUrls.cluster });

  for (const [what, bytes] of [
    ["noise", Buffer.from("ffffffffffffffffffff", "hex")],
    ["a length that runs out of the message", Buffer.from("0a7f00", "hex")],
    ["a text of a hundred thousand bytes that is no message", Buffer.alloc(100_000, 0x3c)],
  ] as const)
    await held(
      `${what} instead of a request`,
      () => ended(invalidArgument, (stream) => stream.bytes(framed(bytes))),
      /stream ended.*no discovery request/,
    );
  await held("a request of 9 MiB", () =>
    ended(resourceExhausted, (stream) => stream.bytes(framed(Buffer.alloc(9 << 20)))),
  );
  await held("a request that says it has 4 GB", () =>
    ended(resourceExhausted, (stream) => stream.bytes(framed(Buffer.alloc(100), { length: 0xffffffff }))),
  );
  await held("200 MB of zeros in a small compressed request", async () => {
    const connection = dial(own);
    const http = connection.session.request({
      ":method": "POST",
      ":path": "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
      "content-type": "application/grpc",
      "grpc-encoding": "gzip",
      te: "trailers",
    });
    http.on("error", () => undefined);
    const status = new Promise<string>((resolve) => {
      const heard = (headers: IncomingHttpHeaders): void =>
        headers["grpc-status"] === undefined ? undefined : resolve([headers["grpc-status"]].flat().join());
      http.on("trailers", heard);
      http.on("response", heard);
      http.on("close", () => resolve("closed"));
    });
    http.write(framed(gzipSync(Buffer.alloc(200 << 20)), { compressed: 1 }));
    const seen = await status;
    connection.cut();
    const memory = await control.metric("process_resident_memory_bytes");
    if (memory > 700e6) return `the control plane holds ${Math.round(memory / 1e6)} MB`;
    return seen === String(resourceExhausted) ? undefined : `status ${seen}`;
  });
  await held(
    "a subscription to 100,000 names",
    () =>
      ended(resourceExhausted, (stream) => {
        admitted(stream);
        const names = Array.from({ length: 100_000 }, (_, index) => `name-${index}`);
        stream.say({ typeUrl: typeUrls.endpoints, resourceNamesSubscribe: names });
      }),
    /stream ended.*resource names on one stream/,
  );

  await held("`*` of everything gives only one's own", async () => {
    const connection = dial(own);
    const stream = connection.opened(({ typeUrl, nonce }) => stream.say({ typeUrl, responseNonce: nonce }));
    stream.say({ node, typeUrl: typeUrls.secret, resourceNamesSubscribe: ["*"] });
    for (const typeUrl of [typeUrls.cluster, typeUrls.endpoints, typeUrls.listener, typeUrls.routes])
      stream.say({ typeUrl, resourceNamesSubscribe: ["*"] });
    await stream.next(({ typeUrl }) => typeUrl === typeUrls.routes);
    connection.cut();
    const may = Array.from({ length: 30 }, (_, index) => index).filter((index) =>
      holders(index, 30).includes(attacker),
    );
    const named = stream.responses.flatMap(({ resources }) =>
      resources.flatMap(({ name, resource }) => `${name} ${Buffer.from(resource?.value ?? []).toString("latin1")}`),
    );
    const seen = new Set(
      named.flatMap((text) => [...text.matchAll(/svc(\d{5})/g)].map(([, digits]) => Number(digits))),
    );
    const strange = [...seen].filter((index) => index !== attacker && !may.includes(index));
    if (seen.size < may.length) return `only ${seen.size} services are spoken of`;
    return strange.length === 0 ? undefined : `services ${strange.join()} are spoken of`;
  });
  await held("secrets of others by name", async () => {
    const connection = dial(own);
    const stream = connection.opened(({ typeUrl, nonce }) => stream.say({ typeUrl, responseNonce: nonce }));
    const names = [idOf(5), `spiffe://cluster.local/ns/team-000/sa/svc00005`, "svc00005", "ca.key", "../default"];
    stream.say({ node, typeUrl: typeUrls.secret, resourceNamesSubscribe: [...names, "default"] });
    const { resources, removedResources } = await stream.next();
    connection.cut();
    const got = resources.map(({ name }) => name);
    if (got.join() !== "default") return `it got ${got.join()}`;
    const text = Buffer.from(resources[0]?.resource?.value ?? []).toString("latin1");
    if (text.includes("svc00005")) return "it got another's certificate";
    return removedResources.length === names.length ? undefined : `${removedResources.length} names were called absent`;
  });

  await held(
    "a client that refuses everything, again and again",
    async () => {
      const connection = dial(own);
      const stream = connection.opened(({ typeUrl, nonce }) => {
        stream.say({ typeUrl, responseNonce: nonce, errorDetail: { code: 13, message: "no ".repeat(1000) } });
        // Whoever lets go of something and asks for it again is a new client of it.
        stream.say({ typeUrl, resourceNamesUnsubscribe: ["*"] });
        stream.say({ typeUrl, resourceNamesSubscribe: ["*"] });
      });
      admitted(stream);
      for (const typeUrl of [typeUrls.endpoints, typeUrls.listener, typeUrls.routes, typeUrls.secret])
        stream.say({ typeUrl, resourceNamesSubscribe: ["*"] });
      await sleep(stormMs);
      connection.cut();
      // Bounded by how many requests a stream may make, not by how fast it is.
      return stream.responses.length < 4000 ? undefined : `${stream.responses.length} responses in ${stormMs} ms`;
    },
    /"configuration refused"/,
  );
  await held("stale nonces and odd orders, as fast as they can be written", async () => {
    const connection = dial(own);
    const stream = connection.opened();
    admitted(stream);
    const until = performance.now() + stormMs;
    let count = 0;
    const types = [...Object.values(typeUrls), "type.googleapis.com/made.up.Type"];
    while (performance.now() < until && !stream.http.destroyed) {
      for (let index = 0; index < 500; index += 1) {
        count += 1;
        stream.say({
          typeUrl: types[count % types.length] as string,
          responseNonce: String(count % 50),
          ...(count % 3 === 0 && { resourceNamesSubscribe: [`name-${count % 1000}`] }),
          ...(count % 5 === 0 && { resourceNamesUnsubscribe: [`name-${(count + 7) % 1000}`, "*"] }),
          ...(count % 7 === 0 && { initialResourceVersions: { [`name-${count % 1000}`]: "1" } }),
          ...(count % 11 === 0 && { errorDetail: { code: 13, message: "stale" } }),
        });
      }
      await sleep(5);
    }
    connection.cut();
    return count > 5000 ? undefined : `only ${count} requests could be written`;
  });
  await held("streams opened and reset as fast as they can be", async () => {
    const connection = dial(own);
    const until = performance.now() + stormMs;
    connection.session.on("error", () => undefined);
    let count = 0;
    while (performance.now() < until && !connection.session.destroyed) {
      for (let index = 0; index < 100 && !connection.session.destroyed; index += 1) {
        count += 1;
        const { http } = connection.opened();
        http.close(8);
      }
      await sleep(2);
    }
    connection.cut();
    return count > 100 ? undefined : `only ${count} streams could be opened`;
  });
};
