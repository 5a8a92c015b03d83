import { random } from "../../../golden/random/random.ts";
import { installProxies } from "../../rig/install.ts";
import { runDirectory } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import type { Case } from "./corpus/case.ts";
import { corpus } from "./corpus/index.ts";
import { forwarder } from "./forwarder/forwarder.ts";
import { forwards } from "./forwarder/forwards.ts";
import { isWithin, type Message } from "./message.ts";
import { mutationSeeds } from "./mutation-seeds.ts";
import { mutated } from "./mutations.ts";
import { bare, node } from "./peers/in-process.ts";
import type { Lane, Peer } from "./peers/peer.ts";
import { proxies } from "./peers/proxies.ts";
import { contradiction, directReading, readingBehind, type Reading } from "./reading.ts";
import { table, type Row } from "./table.ts";

/** A proxy in front of each port, with this one as its only backend: where the real one takes the forwarder's place. */
export type Front = (backendPort: number) => Promise<{ readonly port: number; readonly stop: () => void }>;

export interface ParserOptions {
  readonly front?: Front;
  /** What the front answers to HTTP/1.0, and ends the connection; forwards it when absent. */
  readonly refusesOld?: number;
  readonly seed?: number;
  readonly mutations?: number;
}

const lanes = 4;

/**
 * What is forwarded is what every backend reads: the corpus and mutations of it, through a proxy to Node, Envoy, nginx and
 * HAProxy, and as they are to each of them.
 */
export const parserChecks = async (
  report: Verdicts,
  {
    front = forwarder,
    refusesOld,
    seed = 1,
    mutations = Number(process.env["MESHWRIGHT_CASES"] ?? 1000),
  }: ParserOptions = {},
): Promise<void> => {
  if (process.platform !== "linux") {
    report.skip("what the proxy reads", `the peers are installed as Debian packages, and this is ${process.platform}`);
    return;
  }
  const stops: (() => unknown)[] = [];
  const kept = <T extends { readonly stop: () => unknown }>(started: T): T => {
    stops.push(started.stop);
    return started;
  };
  try {
    const ours = kept(await bare(2 * lanes));
    const others = [
      kept(await node(2 * lanes)),
      ...(await proxies(await installProxies(), runDirectory(), 2 * lanes)).map(kept),
    ];
    const fronted = async ({ name, lanes: all }: Peer): Promise<Fronted> => ({
      name,
      direct: all.slice(lanes),
      behind: await Promise.all(
        all.slice(0, lanes).map(async (lane) => ({ lane, port: kept(await front(lane.port)).port })),
      ),
    });
    const fronts = (bytes: Buffer, read: Expected): Expected => {
      const { beforeOld } = forwards([bytes]);
      return refusesOld === undefined || beforeOld === undefined
        ? read
        : { messages: read.messages.slice(0, beforeOld), end: refusesOld };
    };
    const bench: Bench = { fronts, ours: await fronted(ours), others: await Promise.all(others.map(fronted)) };
    await corpusChecks(report, bench);
    await mutationChecks(report, bench, seed, mutations);
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
};

interface Fronted {
  readonly name: string;
  /** Two sets of lanes, for what one hears late must not be taken for what the other reads. */
  readonly direct: readonly Lane[];
  /** Each with the port of the proxy before it. */
  readonly behind: readonly { readonly lane: Lane; readonly port: number }[];
}

interface Bench {
  /** What the front makes of bytes of which this is read. */
  readonly fronts: (bytes: Buffer, read: Expected) => Expected;
  readonly ours: Fronted;
  readonly others: readonly Fronted[];
}

const corpusChecks = async (report: Verdicts, bench: Bench): Promise<void> => {
  const rows: Row[] = [];
  await inLanes(corpus, async (entry, lane) => {
    const { name, bytes, messages } = entry;
    const expected = bench.fronts(bytes, entry);
    const own = await behind(bench.ours, lane, bytes, answersOf(expected));
    const wrong = [unexpected(expected, own)];
    const cells = await Promise.all(
      bench.others.map(async (other) => {
        const direct = await directReading(other.direct[lane]!, bytes);
        const through = await behind(other, lane, bytes, answersOf(expected));
        const apart = knownApart.has(name) ? undefined : misread(messages, direct);
        const why = contradiction(expected.messages, through) ?? apart;
        wrong.push(why && `${other.name}: ${why}`);
        return { peer: other.name, direct, through };
      }),
    );
    rows.push({ entry, cells });
    const why = wrong.find((why) => why !== undefined);
    if (why === undefined) report.pass();
    else report.fail(name, why);
  });
  // A peer that never reads what we refuse is not there, or is not seen.
  for (const { name } of bench.others) {
    const isSeen = rows.some(({ entry, cells }) =>
      cells.some(({ peer, direct }) => peer === name && direct.messages.length > entry.messages.length),
    );
    if (isSeen) report.pass(`${name} is seen to read what we refuse`);
    else report.fail(name, "it was never seen to read anything that we refuse");
  }
  rows.sort((a, b) => corpus.indexOf(a.entry) - corpus.indexOf(b.entry));
  for (const line of table(rows)) report.say(line);
};

const mutationChecks = async (report: Verdicts, bench: Bench, seed: number, count: number): Promise<void> => {
  const choices = random(seed);
  const tried = Array.from({ length: count }, () => mutated(mutationSeeds, choices));
  let forwarded = 0;
  let failures = 0;
  await inLanes(tried, async (bytes, lane) => {
    const expected = bench.fronts(bytes, forwards([bytes]));
    const own = await behind(bench.ours, lane, bytes, answersOf(expected));
    const wrong = [unexpected(expected, own)];
    if (expected.messages.length > 0) {
      forwarded += 1;
      await Promise.all(
        bench.others.map(async (other) => {
          const why = contradiction(expected.messages, await behind(other, lane, bytes, answersOf(expected)));
          wrong.push(why && `${other.name}: ${why}`);
        }),
      );
    }
    const why = wrong.find((why) => why !== undefined);
    if (why === undefined) return;
    failures += 1;
    report.fail(`seed ${seed}: ${JSON.stringify(bytes.toString("latin1"))}`, why);
  });
  if (failures === 0) report.pass(`${count} mutations, seed ${seed}: ${forwarded} forwarded, and read alike by all`);
};

/** Read otherwise when they come as they are, by the RFC or by how it is configured here; what we forward says it plainly. */
const knownApart: ReadonlySet<string> = new Set([
  // "OPTIONS /" to nginx and Envoy, against RFC 9112, section 3.2.4.
  "target: absolute, of OPTIONS, without a path",
  // nginx passes the field on, and there is none.
  "target: absolute, and no Host, in HTTP/1.0",
]);

type Expected = Pick<Case, "messages" | "end">;

const answersOf = ({ messages, end }: Expected): number => messages.length + (typeof end === "number" ? 1 : 0);

const behind = (peer: Fronted, index: number, bytes: Buffer, answers: number): Promise<Reading> => {
  const { lane, port } = peer.behind[index]!;
  return readingBehind(port, lane, bytes, answers);
};

const unexpected = ({ messages, end }: Expected, { messages: read, statuses, closed }: Reading): string | undefined => {
  const isSame = read.length === messages.length && isWithin(read, messages);
  const last = typeof end === "number" ? statuses.at(-1) === end : closed === (end === "closed");
  if (isSame && last) return undefined;
  return `expected ${JSON.stringify([...messages, end]).slice(0, 200)}, seen ${JSON.stringify([...read, ...statuses, closed ? "closed" : "open"]).slice(0, 200)}`;
};

/** Of the same bytes a peer may read more than we do, as our reader is strict, or less, but nothing else. */
const misread = (messages: readonly Message[], { messages: read }: Reading): string | undefined =>
  isWithin(read, messages) || isWithin(messages, read)
    ? undefined
    : `sent as they are, it reads ${JSON.stringify(read).slice(0, 200)}`;

/** Each in turn, a few at once. */
const inLanes = async <T>(all: readonly T[], each: (one: T, lane: number) => Promise<void>): Promise<void> => {
  const left = all.values();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (const one of left) await each(one, lane);
    }),
  );
};
