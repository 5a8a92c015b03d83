import { PassFailure } from "../../../runtime/gitops/failure.ts";
import { refOf, type ClusterObject } from "../../../runtime/gitops/cluster/index.ts";
import { events } from "../../../runtime/gitops/status/events.ts";
import { meshSyncReporter } from "../../../runtime/gitops/status/mesh-sync-reporter.ts";
import type { PassReport } from "../../../runtime/gitops/status/reporter.ts";
import type { Verdicts } from "../../suite.ts";
import { difference, judged } from "../../judged.ts";
import { meshSyncs, spec, type Surroundings } from "./surroundings.ts";

const commit = (digit: string): string => digit.repeat(40);
const pass = (digit: string, created: number): PassReport => ({
  commit: commit(digit),
  objects: 3,
  writes: { created, changed: 0, deleted: 0 },
  steps: created === 0 ? 0 : 1,
  milliseconds: 10,
  warnings: [],
});

/** What people see of a MeshSync, in a real API server. */
export const statuses = async (verdicts: Verdicts, { server, api }: Surroundings): Promise<void> => {
  const { kube } = server;
  const namespace = "told";
  const made = { ...meshSyncs, metadata: { namespace, name: "shop" }, spec };
  const parent = { ...meshSyncs, namespace, name: "shop" };
  await kube.apply([{ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }, made]);
  const logged: string[] = [];
  const log = ({ event, reason }: { readonly event: string; readonly reason?: unknown }): void =>
    void logged.push(`${event}: ${String(reason)}`);
  const { signal } = new AbortController();
  const reporter = meshSyncReporter({ api, signal, parent, generation: () => 1, instance: "pod-1", log });
  const found = async (): Promise<ClusterObject> => {
    const object = await api.get(parent);
    if (object === undefined) throw new Error("the MeshSync is gone");
    return object;
  };
  const shown = async (): Promise<readonly string[]> =>
    ((await found()).status as Shown).conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`);
  const told = async (): Promise<readonly string[]> =>
    (await kube.list("events.k8s.io/v1", "Event", namespace))
      .map(({ type, reason, note }) => `${String(type)} ${String(reason)}: ${String(note)}`)
      .sort();

  await judged(verdicts, "a pass is shown on the MeshSync, and its writes are an Event", async () => {
    await reporter.passed(pass("a", 3));
    const { status } = await found();
    return difference(
      [await shown(), (status as Shown).commit, (status as Shown).rollout, await told(), logged],
      [
        ["Ready", "Fetched", "Compiled", "Planned", "Applied", "Settled"].map((type) => `${type} True Succeeded`),
        commit("a"),
        { changed: 0, commit: commit("a"), created: 3, deleted: 0, steps: 1 },
        [`Normal RolledOut: commit ${commit("a")}: 3 writes in 1 step (3 created, 0 changed, 0 deleted)`],
        [],
      ],
    );
  });
  await judged(verdicts, "a pass that found nothing new writes nothing, also after a restart", async () => {
    const { resourceVersion } = (await found()).metadata;
    await reporter.passed(pass("a", 0));
    await meshSyncReporter({ api, signal, parent, generation: () => 1, instance: "pod-2", log }).passed(pass("a", 0));
    return difference([(await found()).metadata.resourceVersion, (await told()).length], [resourceVersion, 1]);
  });
  await judged(verdicts, "a failure is shown with its lines, told once, and taken back", async () => {
    const failure = new PassFailure(
      "Compiled",
      "DoesNotCompile",
      Array.from({ length: 3000 }, (_, line) => `shop/cart.ts:${line + 1}:1: \u{1f578} is unknown (MESH1001)`).join(
        "\n",
      ),
    );
    for (let left = 3; left > 0; left -= 1) await reporter.failed(failure, commit("b"));
    const { status } = await found();
    const { message = "" } = (status as Shown).conditions.find(({ type }) => type === "Compiled") ?? {};
    const broken = [(await shown()).slice(0, 4), (status as Shown).commit, (status as Shown).attempted];
    await reporter.passed(pass("c", 0));
    const wrong = difference(
      [broken, message.length > 30_000, message.split("\n")[0], (await shown())[0], (await told()).length, logged],
      [
        [
          [
            "Ready False DoesNotCompile",
            "Fetched True Succeeded",
            "Compiled False DoesNotCompile",
            "Planned True Succeeded",
          ],
          commit("a"),
          commit("b"),
        ],
        true,
        "shop/cart.ts:1:1: \u{1f578} is unknown (MESH1001)",
        "Ready True Succeeded",
        3,
        [],
      ],
    );
    return wrong ?? difference((await told())[0], `Normal Recovered: commit ${commit("c")} is in force`);
  });
  await judged(verdicts, "healings and fights are told as often as people can read", async () => {
    const before = (await told()).length;
    for (let object = 0; object < 100; object += 1)
      await reporter.healed({ name: `Sidecar shop/s${object}`, what: "changed", by: ["kubectl-edit"] });
    await reporter.fought({ name: "Sidecar shop/s1", what: "deleted", by: [] }, 7);
    const after = (await told()).length;
    return after > before && after <= 26 ? difference(logged, []) : `${after - before} Events`;
  });
  await judged(verdicts, "an Event that is told again is counted in its series", async () => {
    const { tell } = events({ api, regarding: parent, instance: "pod-1", log, repeatMs: 0 });
    const { uid } = (await found()).metadata;
    for (let left = 4; left > 0; left -= 1)
      await tell({ type: "Warning", reason: "Counted", action: "Count", note: "again" }, uid);
    const counted = (await kube.list("events.k8s.io/v1", "Event", namespace)).filter(
      ({ reason }) => reason === "Counted",
    );
    return difference([counted.map(({ series }) => (series as { readonly count: number }).count), logged], [[4], []]);
  });
  await judged(verdicts, "a condition of somebody else stays, and so does what is ours", async () => {
    const condition = {
      type: "Theirs",
      status: "True",
      reason: "Theirs",
      message: "",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    };
    await kube.applyStatus({ ...made, status: { conditions: [condition] } });
    await reporter.passed(pass("d", 1));
    return difference([(await shown()).includes("Theirs True Theirs"), (await shown()).length, logged], [true, 7, []]);
  });
  await judged(verdicts, "a MeshSync that is gone is logged, and does not come back", async () => {
    const { metadata } = await found();
    await api.remove(refOf(made), { uid: metadata.uid });
    await reporter.passed(pass("e", 1));
    await reporter.healed({ name: "Sidecar shop/s", what: "changed", by: [] });
    return difference(
      [await api.get(parent), logged],
      [undefined, Array.from({ length: 2 }, () => "status not written: the MeshSync is not there")],
    );
  });
};

interface Shown {
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly commit?: string;
  readonly attempted?: string;
  readonly rollout?: unknown;
}
