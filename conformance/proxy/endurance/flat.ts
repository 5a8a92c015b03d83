import { execFile } from "node:child_process";
import { truncateSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { installLoadGenerator, installProxies, type LoadGenerator } from "../../rig/install.ts";
import { runDirectory } from "../../rig/process.ts";
import type { Verdicts } from "../../suite.ts";
import { flatStage } from "./flat-stage.ts";
import { inspected, type Holding } from "./inspected.ts";

/** How much is done to the proxy, in so many rounds with a rest after each. */
interface Toil {
  readonly requests: number;
  readonly changes: number;
  readonly rounds: number;
  readonly secondsARound: number;
}

const toil: Toil = { requests: 1_000_000, changes: 2000, rounds: 16, secondsARound: 3 };

/**
 * How much more may be held in the last quarter than in the second. Half of the requests and of the changes lie between
 * them: 50 bytes for each request would be 24 MiB of heap, a configuration that is kept for each change 10 MiB and more,
 * and a timer, a socket or a descriptor for each change 1,000 of them.
 */
const mostGrowth: Holding = { heapMebibytes: 4, residentMebibytes: 16, descriptors: 16, resources: 16 };

const restMs = 300;

const ran = promisify(execFile);

/** Returns how many requests were answered; throws where one was not, or not with 200. */
const load = async (
  { wrk, libraries }: LoadGenerator,
  {
    port,
    host,
    connections,
    keepsAlive,
    seconds,
  }: {
    readonly port: number;
    readonly host: string;
    readonly connections: number;
    readonly keepsAlive: boolean;
    readonly seconds: number;
  },
): Promise<number> => {
  const headers = ["-H", `Host: ${host}`, ...(keepsAlive ? [] : ["-H", "Connection: close"])];
  const argv = [
    "-t",
    "1",
    "-c",
    String(connections),
    "-d",
    `${seconds}s`,
    "--timeout",
    "10s",
    ...headers,
    `http://127.0.0.1:${port}/`,
  ];
  const { stdout } = await ran(wrk, argv, { env: libraries });
  const wrong = /^.*(Non-2xx|Socket errors).*$/m.exec(stdout)?.[0];
  if (wrong !== undefined) throw new Error(`${host}: ${wrong.trim()}`);
  return Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
};

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

/** What is held in the last quarter beyond what is held in the second. */
const growth = (samples: readonly Holding[]): Holding => {
  const quarter = samples.length / 4;
  const [before, after] = [samples.slice(quarter, 2 * quarter), samples.slice(3 * quarter)];
  const grown = (of: (holding: Holding) => number): number => median(after.map(of)) - median(before.map(of));
  return {
    heapMebibytes: grown(({ heapMebibytes }) => heapMebibytes),
    residentMebibytes: grown(({ residentMebibytes }) => residentMebibytes),
    descriptors: grown(({ descriptors }) => descriptors),
    resources: grown(({ resources }) => resources),
  };
};

/** What a worker holds does not grow with what it has done: requests, connections, handshakes, configurations. */
export const flatChecks = async (verdicts: Verdicts, program: string, asked: Toil = toil): Promise<void> => {
  const [generator, proxies] = [await installLoadGenerator(), await installProxies()];
  const directory = join(runDirectory(), "flat");
  const stage = await flatStage(program, proxies, directory);
  try {
    const { holding, close } = await inspected(stage.proxy.pid, stage.inspectorPort);
    const samples: Holding[] = [];
    let [requests, changes] = [0, 0];
    const changed = async (upTo: number): Promise<void> => {
      for (; changes < upTo; changes += 1) await stage.configured(changes + 1);
    };
    // A slow machine takes more rounds.
    for (let round = 1; round <= asked.rounds || requests < asked.requests; round += 1) {
      const common = { port: stage.port, seconds: asked.secondsARound };
      const [counts] = await Promise.all([
        Promise.all([
          load(generator, { ...common, host: "plain", connections: 24, keepsAlive: true }),
          load(generator, { ...common, host: "secure", connections: 2, keepsAlive: true }),
          load(generator, { ...common, host: "plain", connections: 2, keepsAlive: false }),
        ]),
        changed(Math.ceil((asked.changes * Math.min(round, asked.rounds)) / asked.rounds)),
      ]);
      requests += counts.reduce((sum, count) => sum + count, 0);
      truncateSync(join(directory, "access.log"));
      await sleep(restMs);
      samples.push(await holding());
    }
    close();
    const grown = growth(samples);
    const what = `endurance: ${requests} requests and ${changes} configurations`;
    const said = (Object.keys(mostGrowth) as (keyof Holding)[]).map((key) => {
      const isTooMuch = !(grown[key] <= mostGrowth[key]);
      return { isTooMuch, text: `${key} ${grown[key].toFixed(1)} (at most ${mostGrowth[key]})` };
    });
    const course = samples.map(
      ({ heapMebibytes, residentMebibytes }) => `${heapMebibytes.toFixed(1)}/${residentMebibytes.toFixed(0)}`,
    );
    verdicts.say(`endurance: heap/resident MiB after each round: ${course.join(" ")}`);
    const text = `grown from the second quarter to the last: ${said.map((one) => one.text).join(", ")}`;
    if (said.some(({ isTooMuch }) => isTooMuch)) verdicts.fail(what, text);
    else verdicts.pass(`${what}; ${text}`);
  } finally {
    await stage.stop();
  }
};
