import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Call } from "../../../lib/model/call.ts";
import { laboratory, serviceAddresses } from "../../laboratory/laboratory.ts";
import { foundOnRig } from "../../laboratory/rigs.ts";
import { rigRequirements } from "../../rig/requirements.ts";
import type { Rig } from "../../rig/rig.ts";
import type { Verdicts } from "../../suite.ts";
import { changes, inTurns, type Change } from "./changes.ts";
import { upstreamConnections } from "./connections.ts";
import { failures, undelivered, type Window } from "./judgement.ts";
import type { Topic } from "./files.ts";
import { callers, calls, callsTo, graph, hostOf } from "./mesh.ts";
import { serving, type Serving } from "./serving.ts";
import { traffic, type Lanes, type Sent } from "./traffic.ts";

const changeCount = 100;
/** Under requests without a pause: what a move breaks it breaks for a millisecond, and not each time. */
const moveCount = 60;
const moves: readonly Topic[] = Array.from({ length: moveCount }, () => "a workload moves from one service to another");
const lifetime = { text: "16s", ms: 16_000 } as const;
/** While roots are exchanged: `serve` spreads new certificates over a minute, which half of a life must outlast. */
const longerLifetime = "150s";
const drainSeconds = 2;

/** `serve` reads the roots every 30 s, and exchanges what it gave out within a minute; so long each step is past before the next. */
const rotation = [
  { step: "add", seconds: 62 },
  { step: "switch", seconds: 95 },
  { step: "retire", seconds: 35 },
] as const;
const changePauseMs = 8000;

/** A worker of an Envoy takes what its main thread acknowledged at its next turn, and drains what was there before. */
const slackMs = drainSeconds * 1000 + 1000;
/** Changes during the outage and the rotation, after all others. */
const furtherChanges = 30;
const planned: readonly Topic[] = [...moves, ...inTurns(changeCount), ...inTurns(furtherChanges)];

const steady: Lanes = { name: "load", kept: 3, fresh: 2, pauseMs: 30 };
const unpaused: Lanes = { name: "unpaused", kept: 3, fresh: 2, pauseMs: 1 };

/**
 * No request that the policy allows fails, whatever is changed meanwhile: files of the mesh folder, the control plane,
 * certificates, roots. Every answer is one that `decide` gives by a mesh that was in force between the request and its answer.
 */
export const loadConformance = async (verdicts: Verdicts): Promise<void> => {
  const missing = rigRequirements();
  if (missing !== undefined) return verdicts.skip("steady load", missing);
  const scratch = mkdtempSync(join(tmpdir(), "meshwright-load-"));
  const all = await changes(planned, scratch).finally(() => rmSync(scratch, { recursive: true, force: true }));
  all.forEach(({ mesh }, index) => {
    const unsafe = undelivered(calls, [all[Math.max(0, index - 3)]!.mesh, mesh]);
    if (unsafe[0] !== undefined) throw new Error(`change ${index} takes requests away by itself: ${unsafe[0]}`);
  });
  const addresses = Object.fromEntries(serviceAddresses(graph));
  const plane = serving({ first: all[0]!, addresses, lifetime, drainSeconds });
  await foundOnRig(plane, "mesh-control serve under load", verdicts, (rig) => held(rig, all, addresses, verdicts));
};

interface Phase {
  readonly what: string;
  readonly from: number;
  readonly until: number;
}

const held = async (
  rig: Rig<Serving>,
  planned: readonly Change[],
  addresses: Readonly<Record<string, string>>,
  verdicts: Verdicts,
): Promise<void> => {
  // The folder says everything before anybody starts.
  const lab = await laboratory(rig, ["outside.example"], {
    set: () => Promise.resolve(),
    update: () => Promise.resolve(),
  });
  await lab.set(graph, planned[0]!.mesh);
  const addressOf = (host: string): string => {
    const found = graph.services.find(({ name }) => hostOf(name) === host);
    return addresses[`${found?.namespace}/${found?.name}`] ?? "";
  };

  const told: { readonly change: Change; readonly from: number; settled: number | undefined }[] = [
    { change: planned[0]!, from: 0, settled: Date.now() },
  ];
  const settled = async (): Promise<void> => {
    const count = told.length;
    await rig.settle();
    const now = Date.now();
    for (const one of told.slice(0, count)) one.settled ??= now;
  };
  const next = (): Change => {
    const change = planned[told.length];
    if (change === undefined) throw new Error("unreachable: more changes were planned");
    told.push({ change, from: Date.now(), settled: undefined });
    rig.plane.edit(change);
    return change;
  };

  const renewing = { over: false };
  // Of two writers to one folder each would clear away what the other is about to put there.
  let reissued = Promise.resolve();
  const reissue = (): Promise<void> => (reissued = reissued.then(rig.plane.reissued));
  const renewals = (async () => {
    while (!renewing.over) {
      await reissue();
      for (let waited = 0; waited < lifetime.ms / 3 && !renewing.over; waited += 200) await sleep(200);
    }
  })();
  const phases: Phase[] = [];
  const phase = async (what: string, work: () => Promise<void>): Promise<void> => {
    const from = Date.now();
    await work();
    phases.push({ what, from, until: Date.now() });
    verdicts.say(`load: ${what}: ${((Date.now() - from) / 1000).toFixed(1)} s`);
  };

  const sending = (lanes: Lanes, some: readonly Call[]) => traffic(some, lanes, lab, rig.directory, addressOf);
  const load = sending(steady, calls);
  const dense: Sent[] = [];
  const pods = callers.map(lab.pod);
  let torn: readonly string[] = [];
  try {
    // The callers' programs need a moment to start.
    await sleep(2000);
    await phase("nothing changes", () => sleep(2000));
    await phase(`${moveCount} moves of one workload`, async () => {
      const { stopped } = sending(unpaused, callsTo("gamma"));
      // Programs need a moment to start.
      await sleep(1000);
      for (let index = 0; index < moveCount; index += 1) {
        next();
        await settled();
      }
      dense.push(...(await stopped()));
    });
    await phase(`${changeCount} changes`, async () => {
      for (let index = 1; index <= changeCount; index += 1) {
        next();
        // Some are superseded on their way.
        if (index % 4 !== 1) await settled();
      }
      await settled();
    });
    for (const nth of ["first", "second"])
      await phase(`the control plane killed for the ${nth} time`, async () => {
        await rig.plane.killed();
        await sleep(500);
        next();
        await sleep(1000);
        await rig.plane.restarted(lifetime.text);
        await settled();
        next();
        await settled();
      });
    await phase("certificates renewed", async () => {
      const before = await upstreamConnections(pods);
      await sleep(lifetime.ms * 2.2);
      torn = before.torn(await upstreamConnections(pods));
    });
    await phase("the control plane replaced", async () => {
      await rig.plane.ended();
      next();
      await rig.plane.restarted(longerLifetime);
      await settled();
    });
    await phase("roots rotated", async () => {
      let past = 0;
      for (const { step, seconds } of rotation) {
        await rig.plane.ran("root", step, "--after", `${past}s`);
        await reissue();
        if (step === "add") await judgeHaste(rig.plane, verdicts);
        const until = Date.now() + seconds * 1000;
        while (Date.now() < until) {
          next();
          await settled();
          await sleep(changePauseMs);
        }
        past = seconds;
      }
    });
    await phase("nothing changes", () => sleep(2000));
    await judgeStatus(rig, verdicts);
  } finally {
    renewing.over = true;
    await renewals;
  }
  const sent = [...dense, ...(await load.stopped())].sort((a, b) => a.ended - b.ended);
  judge(sent, windowsOf(told), phases, verdicts);
  const movers = new Set(
    dense.flatMap(({ observed }) => (observed.kind === "response" ? (observed.echo?.workload ?? []) : [])),
  );
  const law = "load: who moves is called while it is there";
  if (movers.size === 2) verdicts.pass(law);
  else verdicts.fail(law, `only ${[...movers].join(", ")} answered`);
  const blind = failures(sent, [{ change: planned[0]!, from: 0, until: Infinity }]).length;
  if (blind === 0) verdicts.fail("planted: answers judged by the first mesh alone", "nobody noticed");
  else verdicts.pass(`planted: answers judged by the first mesh alone, noticed ${blind} times`);
  judgeConnections(sent, phases, torn, verdicts);
};

/** Nobody is cut off by a step that is taken before others have followed. */
const judgeHaste = async ({ ran }: Serving, verdicts: Verdicts): Promise<void> => {
  const said = await ran("root", "switch").catch(String);
  const law = "load: `mesh-control root switch` refuses to be early";
  if (said.includes("it is too early to switch")) verdicts.pass(law);
  else verdicts.fail(law, said);
};

const judgeStatus = async ({ plane, workloads }: Rig<Serving>, verdicts: Verdicts): Promise<void> => {
  const count = workloads().filter(({ proxy }) => proxy !== undefined).length;
  const said = await plane.ran("status").catch(String);
  const law = "load: `mesh-control status` says that all have everything, and one root";
  const isSaid = said.includes("roots steady") && said.includes(`${count} of ${count} proxies have all of it`);
  if (isSaid) verdicts.pass(law);
  else verdicts.fail(law, said);
};

const windowsOf = (
  told: readonly { readonly change: Change; readonly from: number; readonly settled: number | undefined }[],
): readonly Window[] =>
  told.map(({ change, from }, index) => ({
    change,
    from,
    until: Math.min(
      ...told.slice(index + 1).map(({ settled }) => (settled === undefined ? Infinity : settled + slackMs)),
      Infinity,
    ),
  }));

const judge = (
  sent: readonly Sent[],
  windows: readonly Window[],
  phases: readonly Phase[],
  verdicts: Verdicts,
): void => {
  const wrong = failures(sent, windows);
  for (const { what, from, until } of phases) {
    const isDuring = (one: Sent): boolean => one.ended >= from && one.ended < until;
    const during = sent.filter(isDuring);
    const failed = wrong.filter((one) => isDuring(one.sent));
    const seconds = (until - from) / 1000;
    const law = `load: ${what}: ${during.length} requests (${Math.round(during.length / seconds)}/s) on ${new Set(during.map(({ connection }) => connection)).size} connections, ${windows.filter((window) => window.from >= from && window.from < until).length} changes`;
    const kinds = Map.groupBy(failed, ({ why }) => why);
    // Fewer than these are no steady load, whatever became of them.
    if (during.length < seconds * 100) verdicts.fail(law, "too few requests to mean anything");
    else if (failed.length === 0) verdicts.pass(law);
    else
      verdicts.fail(
        law,
        `${failed.length} failed: ${[...kinds]
          .sort(([, a], [, b]) => b.length - a.length)
          .slice(0, 4)
          .map(
            ([why, all]) =>
              `${all.length} × ${why} (${all[0]?.sent.lane} at ${new Date(all[0]?.sent.begun ?? 0).toISOString()}, ${all[0]?.during}; ${JSON.stringify(all[0]?.sent.call.to)} ${JSON.stringify(all[0]?.sent.observed)})`,
          )
          .join("; ")}`,
      );
  }
};

/** A certificate that is renewed must not cost a connection: neither that of an application, nor one between proxies. */
const judgeConnections = (
  sent: readonly Sent[],
  phases: readonly Phase[],
  torn: readonly string[],
  verdicts: Verdicts,
): void => {
  const renewed = phases.find(({ what }) => what === "certificates renewed");
  if (renewed === undefined) return;
  const during = sent.filter(
    ({ lane, ended }) => lane.includes("kept") && ended >= renewed.from && ended < renewed.until,
  );
  // To each service a connection of its own.
  const perLane = Map.groupBy(during, ({ lane, call }) => `${lane} ${JSON.stringify(call.to)}`);
  const changed = [...perLane].filter(([, all]) => new Set(all.map(({ connection }) => connection)).size > 1);
  const law = `load: ${perLane.size} kept connections are the same while certificates are renewed`;
  if (perLane.size === 0 || changed.length > 0) verdicts.fail(law, `${changed.length} are not, as ${changed[0]?.[0]}`);
  else verdicts.pass(law);
  const between = "load: connections between proxies outlive their certificates";
  if (torn.length > 0) verdicts.fail(between, torn.join("; "));
  else verdicts.pass(between);
};
