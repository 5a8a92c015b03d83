import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../../rig/kube.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import type { Meddling, Passing } from "./front.ts";
import { asWanted, atRest, edited, looped, said, turns, until } from "./scene.ts";
import type { Stage } from "./stage.ts";

const theirs = { hosts: ["reviews"], http: [{ route: [{ destination: { host: "theirs" } }] }] };
const isWatch = ({ path }: Passing): boolean => path.includes("watch=1");

/** An API server that is away, mute or late while the program goes on: afterwards all is as it is wanted. */
export const outages = async (verdicts: Verdicts, stage: Stage): Promise<void> => {
  const { server, front, held, once } = stage;
  const next = turns(stage);
  const reviews = async (): Promise<KubeObject> => {
    const found = (await held()).get("VirtualService bookinfo/reviews");
    if (found === undefined) throw new Error("reviews is not there");
    return found;
  };
  const back = (): Promise<string | undefined> => until(() => asWanted(stage));
  next("larger");
  await once();

  await judged(verdicts, "what changes while a watch cannot go on is seen when it begins anew", async () => {
    const object = await reviews();
    const seen = new Set<string>();
    front.meddle({
      before: async (passing, response) => {
        const kind = passing.path.split("?")[0]!;
        if (!isWatch(passing) || seen.has(kind)) return "pass";
        seen.add(kind);
        // After the list, before the watch: only another list can tell.
        if (kind.endsWith("/virtualservices")) await edited(stage, object, { spec: theirs });
        response.writeHead(200, { "content-type": "application/json" });
        const status = {
          kind: "Status",
          apiVersion: "v1",
          code: 410,
          reason: "Expired",
          message: "too old resource version",
        };
        response.end(`${JSON.stringify({ type: "ERROR", object: status })}\n`);
        return "answered";
      },
    });
    const why = await looped(
      stage,
      async (running) => (await said(running, /"event":"drift healed"/)) ?? (await back()),
    );
    front.meddle({});
    return why ?? difference(seen.size > 3, true);
  });
  await judged(verdicts, "a watch that is late tells all the same", async () => {
    front.meddle({ before: (passing) => (isWatch(passing) ? sleep(2000, "pass" as const) : "pass") });
    const why = await looped(stage, async (running) => {
      await edited(stage, await reviews(), { spec: theirs });
      return (await said(running, /"event":"drift healed"/)) ?? (await back());
    });
    front.meddle({});
    return why;
  });
  await judged(verdicts, "a watch whose connection is reset goes on", async () => {
    let resets = 0;
    const resetting: Meddling = {
      before: (passing, response) => {
        if (isWatch(passing) && (resets += 1) <= 20) setTimeout(() => response.destroy(), 500 * Math.random());
        return "pass";
      },
    };
    front.meddle(resetting);
    const why = await looped(stage, async (running) => {
      for (let times = 1; times <= 3; times += 1) {
        await edited(stage, await reviews(), { spec: theirs });
        const missed = (await said(running, /"event":"drift healed"/, times)) ?? (await back());
        if (missed !== undefined) return missed;
      }
      return resets > 1 ? undefined : "nothing was reset";
    });
    front.meddle({});
    return why;
  });
  await judged(verdicts, "a write that is never answered is given up in time, and made again", async () => {
    next("smaller");
    let isHeld = false;
    front.meddle({
      before: ({ isWrite }) => {
        if (!isWrite || isHeld) return "pass";
        isHeld = true;
        return "answered";
      },
    });
    const { code, output } = await once();
    front.meddle({});
    return difference([code, isHeld], [0, true])?.concat(output) ?? (await asWanted(stage));
  });
  for (const to of ["larger", "smaller"] as const)
    await judged(
      verdicts,
      `a rollout that fails half way is not set back: it goes on (to the ${to} mesh)`,
      async () => {
        next(to === "larger" ? "smaller" : "larger");
        return looped(stage, async (running) => {
          const commit = next(to);
          let stored = 0;
          front.meddle({
            // From its fourth write on the API server is away, until that was said.
            before: ({ write, isWrite }, response) => {
              stored += isWrite && write < 4 ? 1 : 0;
              if (!isWrite || write < 4 || running.output().includes('"pass failed"')) return "pass";
              response.destroy();
              return "answered";
            },
          });
          const failed = await said(running, new RegExp(`"pass failed".*${commit}`));
          const inForce = failed ?? (await said(running, new RegExp(`"commit in force".*${commit}`)));
          const healed = running.output().includes('"event":"drift healed"') ? "something was set back" : undefined;
          front.meddle({});
          return inForce ?? healed ?? difference(stored, 3) ?? (await back());
        });
      },
    );
  await judged(verdicts, "an API server that restarts in the middle of a rollout finds it finished afterwards", () =>
    looped(stage, async (running) => {
      let restarted: Promise<void> | undefined;
      front.meddle({
        after: ({ write }) => {
          if (write === 2) restarted ??= server.away();
        },
      });
      const commit = next();
      const begun = await until(() => (restarted === undefined ? "nothing was written" : undefined));
      await restarted;
      front.meddle({});
      const why = begun ?? (await said(running, new RegExp(`"commit in force".*${commit}`))) ?? (await back());
      if (why !== undefined) return why;
      const before = (running.output().match(/"event":"drift healed"/g) ?? []).length;
      await edited(stage, await reviews(), { spec: theirs });
      return (await said(running, /"event":"drift healed"/, before + 1)) ?? (await back());
    }),
  );
  await judged(verdicts, "after all of these outages there is nothing left to do", () => atRest(stage));
};
