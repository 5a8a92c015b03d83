import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject } from "../../rig/kube.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { touched } from "./compared.ts";
import { asWanted, atRest, edited, looped, pathOf, said, takenOver, turns, until } from "./scene.ts";
import type { Stage } from "./stage.ts";

const theirs = { hosts: ["reviews"], http: [{ route: [{ destination: { host: "theirs" } }] }] };
const partOf = "applyset.kubernetes.io/part-of";

/** What was written stays as it is, whoever changes it; what others own beside it stays theirs. */
export const drift = async (verdicts: Verdicts, stage: Stage): Promise<void> => {
  const { server, front, held, started, once } = stage;
  const next = turns(stage);
  const found = async (name = "VirtualService bookinfo/reviews"): Promise<KubeObject> => {
    const object = (await held()).get(name);
    if (object === undefined) throw new Error(`${name} is not there`);
    return object;
  };
  const back = (): Promise<string | undefined> => until(() => asWanted(stage));
  next();
  const first = await once();
  if (first.code !== 0) return verdicts.fail("drift", first.output);
  const reviews = await found();

  await judged(verdicts, "what somebody changes of ours is as it was again, and it is said who did that", () =>
    looped(stage, async (running) => {
      await edited(stage, reviews, { spec: theirs });
      const changed =
        (await said(running, /"event":"drift healed".*bookinfo\/reviews.*kubectl-edit/)) ?? (await back());
      if (changed !== undefined) return `by an edit: ${changed}`;
      await edited(stage, reviews, { spec: { http: null } });
      return (await said(running, /"event":"drift healed"/, 2)) ?? (await back());
    }),
  );
  await judged(
    verdicts,
    "what another manager applies is its own: it is said, nothing is forced, the rest is kept, until it is given up",
    () =>
      looped(stage, async (running) => {
        const details = await found("VirtualService bookinfo/details");
        await takenOver(stage, reviews, { spec: theirs }, "rival");
        const claimed = await said(
          running,
          /"reason":"Conflict".*VirtualService bookinfo\/reviews.*\.spec\.http \(rival\)/,
        );
        await edited(stage, details, { spec: { http: null } });
        const kept =
          claimed ??
          (await said(running, /"event":"drift healed".*bookinfo\/details/)) ??
          difference((await found())["spec"], theirs) ??
          difference((await found("VirtualService bookinfo/details"))["spec"], details["spec"]);
        await takenOver(stage, reviews, {}, "rival");
        return kept ?? (await back());
      }),
  );
  await judged(
    verdicts,
    "what somebody changed while nobody ran is as it was after the next start, and what they added stays",
    async () => {
      const [details, rule] = [
        await found("VirtualService bookinfo/details"),
        await found("DestinationRule bookinfo/reviews"),
      ];
      await edited(stage, reviews, { spec: theirs });
      await edited(stage, reviews, { metadata: { annotations: { note: "theirs" } } });
      await edited(stage, details, { spec: { http: null }, metadata: { labels: { [partOf]: null } } });
      await server.kube.delete([rule]);
      const { code, output } = await once();
      const healed = (output.match(/"event":"drift healed"/g) ?? []).length;
      const why =
        difference([code, healed], [0, 2]) ??
        (/"event":"drift healed".*bookinfo\/reviews.*kubectl-edit/.test(output) ? undefined : "not said") ??
        difference((await found()).metadata.annotations?.["note"], "theirs") ??
        difference(
          (await found("VirtualService bookinfo/details")).metadata.labels?.[partOf],
          details.metadata.labels?.[partOf],
        ) ??
        (await asWanted(stage));
      await edited(stage, reviews, { metadata: { annotations: { note: null } } });
      return why?.concat(output);
    },
  );
  await judged(verdicts, "it is so too where a commit changed the same object meanwhile", async () => {
    next();
    await edited(stage, await found(), { spec: theirs });
    const { code, output } = await once();
    return difference(code, 0)?.concat(output) ?? (await asWanted(stage));
  });
  await judged(verdicts, "what another manager applied while nobody ran is its own after a start", async () => {
    await takenOver(stage, reviews, { spec: theirs }, "rival");
    front.meddle({});
    const { code, output } = await once();
    const why =
      difference([code, front.writes()], [1, []]) ??
      (/"reason":"Conflict".*\.spec\.http \(rival\)/.test(output) ? undefined : "not said") ??
      difference((await found())["spec"], theirs);
    await takenOver(stage, reviews, {}, "rival");
    const again = await once();
    return why?.concat(output) ?? difference(again.code, 0)?.concat(again.output) ?? (await asWanted(stage));
  });
  await judged(verdicts, "while a rollout fails again and again, what it wrote and what was before are kept", () =>
    looped(stage, async (running) => {
      let isRefused = true;
      front.meddle({
        before: ({ isWrite, path }, response) => {
          if (!isRefused || !isWrite || !path.startsWith(pathOf(reviews))) return "pass";
          response.writeHead(403, { "content-type": "application/json" });
          response.end(
            JSON.stringify({ kind: "Status", code: 403, reason: "Forbidden", status: "Failure", message: "not now" }),
          );
          return "answered";
        },
      });
      const before = await held();
      const commit = next();
      const failed = await said(running, new RegExp(`"pass failed".*not now.*${commit}`));
      const written = touched(before, await held()).filter((name) => !name.endsWith("bookinfo/reviews"));
      const names = [...written.slice(0, 1), "VirtualService bookinfo/productpage"].filter((name) => before.has(name));
      for (const name of names) {
        const object = await found(name);
        await edited(stage, object, { metadata: { labels: { [partOf]: null } } });
        const healed =
          (await said(running, new RegExp(`"event":"drift healed".*${name}`))) ??
          difference((await found(name)).metadata.labels?.[partOf], object.metadata.labels?.[partOf]) ??
          difference((await found(name))["spec"], object["spec"]);
        if (healed !== undefined) return healed;
      }
      isRefused = false;
      front.meddle({});
      return (
        failed ??
        difference(names.length > 0, true) ??
        (await said(running, new RegExp(`"commit in force".*${commit}`))) ??
        (await back())
      );
    }),
  );
  await judged(verdicts, "what others say beside what is ours stays", () =>
    looped(stage, async (running) => {
      front.meddle({});
      await edited(stage, reviews, { metadata: { annotations: { note: "theirs" }, labels: { team: "theirs" } } });
      await edited(stage, reviews, { spec: { exportTo: ["*"] } });
      // Whatever happened before this on the same watch was seen when this is healed.
      await edited(stage, reviews, { spec: theirs });
      const why = await said(running, /"event":"drift healed"/);
      const { metadata, spec } = await found();
      const kept =
        why ??
        difference(
          [metadata.annotations?.["note"], metadata.labels?.["team"], (spec as { exportTo?: unknown }).exportTo],
          ["theirs", "theirs", ["*"]],
        ) ??
        difference(front.writes(), [`PATCH ${pathOf(reviews)}`]);
      await edited(stage, reviews, {
        metadata: { annotations: { note: null }, labels: { team: null } },
        spec: { exportTo: null },
      });
      return kept ?? (await back());
    }),
  );
  await judged(verdicts, "what somebody deletes is there again", () =>
    looped(stage, async (running) => {
      const all = [...(await held()).values()].filter(({ metadata }) => metadata.name === "reviews");
      await server.kube.delete(all);
      return (await said(running, /"what":"deleted"/, all.length)) ?? (await back());
    }),
  );
  await judged(verdicts, "an object whose label was taken is of the inventory again", () =>
    looped(stage, async (running) => {
      const before = reviews.metadata.labels?.[partOf];
      await edited(stage, reviews, { metadata: { labels: { [partOf]: null } } });
      const taken =
        (await said(running, /"event":"drift healed"/)) ??
        difference((await found()).metadata.labels?.[partOf], before);
      await edited(stage, reviews, { metadata: { labels: { [partOf]: "applyset-another" } } });
      return (
        taken ??
        (await said(running, /"event":"drift healed"/, 2)) ??
        difference((await found()).metadata.labels?.[partOf], before) ??
        (await back())
      );
    }),
  );
  await judged(verdicts, "after another commit it is that one which is kept", () =>
    looped(stage, async (running) => {
      const commit = next();
      const moved = await said(running, new RegExp(`"commit in force".*${commit}`));
      await edited(stage, await found(), { spec: theirs });
      return moved ?? (await said(running, /"event":"drift healed"/)) ?? (await back());
    }),
  );
  await judged(verdicts, "whoever keeps at it is given way, which is said, until they stop", () =>
    looped(stage, async (running) => {
      const isOurs = async (): Promise<boolean> =>
        ((await found())["spec"] as { http?: readonly unknown[] } | undefined)?.http?.length !== 1;
      for (let times = 0; times < 20 && !running.output().includes("drift goes on"); times += 1) {
        await edited(stage, reviews, { spec: theirs });
        await until(async () =>
          (await isOurs()) || running.output().includes("drift goes on") ? undefined : "not healed",
        );
      }
      const fought = await said(running, /"event":"drift goes on".*"object":"VirtualService bookinfo\/reviews"/);
      front.meddle({});
      await edited(stage, reviews, { spec: theirs });
      await sleep(2000);
      return fought ?? difference(front.writes(), []) ?? (await back());
    }),
  );
  await judged(
    verdicts,
    "of two programs one leads; when it is killed, the other brings and keeps what is wanted",
    async () => {
      const one = started();
      const why = await said(one, /"commit in force"/);
      const other = started();
      try {
        const waits = why ?? (await said(other, /"waiting for the leader"/));
        front.meddle({});
        await edited(stage, reviews, { spec: theirs });
        const healed = waits ?? (await said(one, /"event":"drift healed"/)) ?? (await back());
        const writes = front.writes().filter((write) => write.endsWith("/reviews"));
        one.kill("SIGKILL");
        await one.ended;
        await server.kube.delete([await found()]);
        const commit = next();
        return (
          healed ??
          difference(writes, [`PATCH ${pathOf(reviews)}`]) ??
          (await said(other, new RegExp(`"commit in force".*${commit}`))) ??
          (await back()) ??
          (await edited(stage, reviews, { spec: theirs }).then(() => said(other, /"event":"drift healed"/))) ??
          (await back())
        );
      } finally {
        for (const program of [one, other]) program.kill("SIGKILL");
        await Promise.all([one.ended, other.ended]);
      }
    },
  );
  await judged(verdicts, "after all of this drift there is nothing left to do", () => atRest(stage));
};
