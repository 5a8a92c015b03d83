import { random } from "../../../golden/random/random.ts";
import { installProxies } from "../../rig/install.ts";
import { runDirectory } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import type { Case } from "./corpus/case.ts";
import { corpus } from "./corpus/index.ts";
import { forwarder } from "./forwarder.ts";
import { forwards } from "./forwards.ts";
import { isPrefix, type Message } from "./message.ts";
import { mutated } from "./mutations.ts";
import { bare, node } from "./peers/in-process.ts";
import type { Peer } from "./peers/peer.ts";
import { proxies } from "./peers/proxies.ts";
import { contradiction, directReading, readingBehind, type Reading } from "./reading.ts";
import { table, type Row } from "./table.ts";

/** A proxy in front of each port, with this one as its only backend: where the real one takes the forwarder's place. */
export type Front = (backendPort: number) => Promise<{ readonly port: number; readonly stop: () => void }>;

export interface ParserOptions {
  readonly front?: Front;
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
  { front = forwarder, seed = 1, mutations = Number(process.env["MESHWRIGHT_CASES"] ?? 1000) }: ParserOptions = {},
): Promise<void> => {
  const stops: (() => unknown)[] = [];
  const kept = <T extends { readonly stop: () => unknown }>(started: T): T => {
    stops.push(started.stop);
    return started;
  };
  try {
    const ours = kept(await bare(lanes));
    const others = [
      kept(await node(lanes)),
      ...(await proxies(await installProxies(), runDirectory(), lanes)).map(kept),
    ];
    const fronted = async (peer: Peer): Promise<Fronted> => ({
      peer,
      ports: await Promise.all(peer.lanes.map(async ({ port }) => kept(await front(port)).port)),
    });
    const bench: Bench = { ours: await fronted(ours), others: await Promise.all(others.map(fronted)) };
    await corpusChecks(report, bench);
    await mutationChecks(report, bench, seed, mutations);
  } finally {
    await Promise.all(stops.map((stop) => stop()));
  }
};

interface Fronted {
  readonly peer: Peer;
  /** Of the proxies before its lanes. */
  readonly ports: readonly number[];
}

interface Bench {
  readonly ours: Fronted;
  readonly others: readonly Fronted[];
}

const corpusChecks = async (report: Verdicts, bench: Bench): Promise<void> => {
  const rows: Row[] = [];
  await inLanes(corpus, async (entry, lane) => {
    const { name, bytes, messages } = entry;
    const own = await behind(bench.ours, lane, bytes, answersOf(entry));
    const wrong = [unexpected(entry, own)];
    const cells = await Promise.all(
      bench.others.map(async (other) => {
        const direct = await directReading(other.peer.lanes[lane]!, bytes);
        const through = await behind(other, lane, bytes, answersOf(entry));
        const why = contradiction(messages, through) ?? misread(messages, direct);
        wrong.push(why && `${other.peer.name}: ${why}`);
        return { peer: other.peer.name, direct, through };
      }),
    );
    rows.push({ entry, cells });
    const why = wrong.find((why) => why !== undefined);
    if (why === undefined) report.pass();
    else report.fail(name, why);
  });
  rows.sort((a, b) => corpus.indexOf(a.entry) - corpus.indexOf(b.entry));
  for (const line of table(rows)) report.say(line);
};

const mutationChecks = async (report: Verdicts, bench: Bench, seed: number, count: number): Promise<void> => {
  const seeds = corpus.map(({ bytes }) => bytes).filter((bytes) => bytes.length < 2000);
  const choices = random(seed);
  const tried = Array.from({ length: count }, () => mutated(seeds, choices));
  let forwarded = 0;
  let failures = 0;
  await inLanes(tried, async (bytes, lane) => {
    const expected = forwards([bytes]);
    const own = await behind(bench.ours, lane, bytes, answersOf(expected));
    const wrong = [unexpected(expected, own)];
    if (expected.messages.length > 0) {
      forwarded += 1;
      await Promise.all(
        bench.others.map(async (other) => {
          const why = contradiction(expected.messages, await behind(other, lane, bytes, answersOf(expected)));
          wrong.push(why && `${other.peer.name}: ${why}`);
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

type Expected = Pick<Case, "messages" | "then">;

const answersOf = ({ messages, then }: Expected): number => messages.length + (typeof then === "number" ? 1 : 0);

const behind = ({ peer, ports }: Fronted, lane: number, bytes: Buffer, answers: number): Promise<Reading> =>
  readingBehind(ports[lane]!, peer.lanes[lane]!, bytes, answers);

const unexpected = (
  { messages, then }: Expected,
  { messages: read, statuses, closed }: Reading,
): string | undefined => {
  const isSame = read.length === messages.length && isPrefix(read, messages);
  const last = typeof then === "number" ? statuses.at(-1) === then : closed === (then === "closed");
  if (isSame && last) return undefined;
  return `expected ${JSON.stringify([...messages, then]).slice(0, 200)}, seen ${JSON.stringify([...read, ...statuses, closed ? "closed" : "open"]).slice(0, 200)}`;
};

/** The messages that both read of the same bytes must be the same ones; where one stops, the other may go on. */
const misread = (messages: readonly Message[], { messages: read }: Reading): string | undefined =>
  isPrefix(read.slice(0, messages.length), messages) ? undefined : `sent as they are, it reads ${JSON.stringify(read)}`;

/** Each in turn, a few at once. */
const inLanes = async <T>(all: readonly T[], each: (one: T, lane: number) => Promise<void>): Promise<void> => {
  const left = all.values();
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      for (const one of left) await each(one, lane);
    }),
  );
};
