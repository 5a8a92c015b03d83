/** The child process of `clients.ts`: the proxies of all planes, and whoever changes a route; so one clock times everything. */
import { create, toBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { setTimeout as sleep } from "node:timers/promises";
import { typeUrls } from "../../../targets/xds/resource.ts";
import type { FromClients, Observed, PlaneSpec, Timeout, ToClients, Write } from "./messages.ts";
import { proxy, type Received } from "./proxy.ts";
import { written } from "./write.ts";

/** A change is over when nothing came for so long; longer than either plane waits for quiet. */
const quietMs = 400;
const longestMs = 60_000;

const say = (message: FromClients): void => void process.send?.(message);
const failed = (why: string): void => say({ kind: "failed", why });

type Listener = (index: number, response: Received) => void;
const listeners = new Map<string, Listener>();
const counts = new Map<string, number>();

/** istiod takes 25 new streams a second (`PILOT_MAX_REQUESTS_PER_SECOND`) and turns away who waits too long. */
const betweenProxiesMs = 50;

const connected = async (plane: PlaneSpec): Promise<void> => {
  const host = Buffer.from(plane.host);
  const holding = new Set<number>();
  counts.set(plane.name, plane.proxies.length);
  listeners.set(plane.name, (index, { typeUrl, bytes }) => {
    if (typeUrl !== typeUrls.routes || !bytes.includes(host) || holding.has(index)) return;
    holding.add(index);
    if (holding.size === plane.proxies.length) say({ kind: "connected", plane: plane.name });
  });
  for (const [index, one] of plane.proxies.entries()) {
    proxy(plane, one, (response) => listeners.get(plane.name)?.(index, response), failed);
    await sleep(betweenProxiesMs);
  }
};

const observed = async (plane: string, write: Write, { seconds, nanos }: Timeout): Promise<Observed> => {
  const sought = Buffer.from(toBinary(DurationSchema, create(DurationSchema, { seconds: BigInt(seconds), nanos })));
  const acknowledged = new Map<number, number>();
  const bytesByType: Record<string, number> = {};
  let [responses, firstResponse, firstChange, last] = [0, Number.NaN, Number.NaN, performance.now()];
  const usedBefore = process.cpuUsage();
  const startedAt = Date.now();
  const start = performance.now();
  listeners.set(plane, (index, { typeUrl, bytes }) => {
    last = performance.now();
    const type = typeUrl.split(".").at(-1) ?? typeUrl;
    bytesByType[type] = (bytesByType[type] ?? 0) + bytes.length;
    if (responses === 0) firstResponse = last - start;
    responses += 1;
    if (acknowledged.has(index) || typeUrl !== typeUrls.routes || !bytes.includes(sought)) return;
    if (acknowledged.size === 0) firstChange = last - start;
    acknowledged.set(index, last - start);
  });
  await written(write);
  const writtenAfter = performance.now() - start;
  while (acknowledged.size < (counts.get(plane) ?? 0) || performance.now() - last < quietMs) {
    if (performance.now() - start > longestMs)
      throw new Error(`${plane}: ${acknowledged.size} proxies had the change after ${longestMs} ms`);
    await sleep(20);
  }
  const { user, system } = process.cpuUsage(usedBefore);
  return {
    written: writtenAfter,
    startedAt,
    acknowledged: [...acknowledged.values()].toSorted((a, b) => a - b),
    firstResponse,
    firstChange,
    bytes: bytesByType,
    responses,
    proxiesMs: (user + system) / 1000,
  };
};

process.on("message", (message: ToClients) => {
  if (message.kind === "connect") return void connected(message.plane);
  observed(message.plane, message.write, message.timeout).then(
    (value) => say({ kind: "observed", observed: value }),
    (error: unknown) => failed(String(error)),
  );
});
process.on("disconnect", () => process.exit(0));
