import { nameOf, type KubernetesObject } from "../../targets/istio/object.ts";
import { type ClusterApi, type ClusterObject, type WantedObject } from "./cluster/index.ts";
import { reclaimed } from "./reclaimed.ts";
import { isAsRecorded, labelled, managersOf, recorded, type Held, type Labels } from "./record.ts";
import { unrefused } from "./rollout/refusal.ts";
import type { Healing } from "./status/healing.ts";
import { isAsWanted } from "./written.ts";

/** An object that the commit asks for as it was applied last. */
export interface Unchanged {
  readonly name: string;
  readonly wanted: WantedObject;
  readonly live: ClusterObject;
  /** It says something else by now: drift, as it would have been had somebody watched, and no part of a commit. */
  readonly isEdited: boolean;
}

export const unchanged = (
  asked: readonly KubernetesObject[],
  ours: ReadonlyMap<string, ClusterObject>,
  labels: Labels,
): readonly Unchanged[] =>
  asked.flatMap((object) => {
    const name = nameOf(object);
    const live = ours.get(name);
    if (live === undefined || !isAsRecorded(object, live, labels)) return [];
    const wanted = labelled(object, labels);
    return [{ name, wanted, live, isEdited: !isAsWanted(wanted, live) }];
  });

/**
 * All of them as they were applied: each goes into `held` with what is stored then. Rejects with a `PassFailure` that says which could
 * not be brought there, and whose they are.
 */
export const kept = async (
  all: readonly Unchanged[],
  {
    api,
    labels,
    held,
    healed,
    signal,
  }: {
    readonly api: Pick<ClusterApi, "apply" | "get">;
    readonly labels: Labels;
    readonly held: Map<string, Held>;
    readonly healed: (healing: Healing) => Promise<void>;
    readonly signal: AbortSignal;
  },
): Promise<ReadonlyMap<string, ClusterObject>> => {
  const outcomes = await Promise.allSettled(
    all.map(async ({ name, wanted, live, isEdited }): Promise<readonly [string, ClusterObject]> => {
      const stored = isEdited
        ? await reclaimed(api, wanted, (found) => recorded(found, labels), { isTried: false, signal })
        : live;
      held.set(name, { wanted, stored });
      // What a webhook or a default makes of it is nobody's edit.
      if (stored.metadata.resourceVersion !== live.metadata.resourceVersion)
        await healed({ name, what: "changed", by: managersOf(live) });
      return [name, stored];
    }),
  );
  signal.throwIfAborted();
  unrefused(
    all.map(({ name }) => name),
    outcomes,
  );
  return new Map(outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : [])));
};

/** What was found by its name alone: objects of ours that lost their label, by their record, and others'. */
export const withoutLabel = (
  found: ReadonlyMap<string, ClusterObject>,
  labels: Labels,
): { readonly lost: ReadonlyMap<string, ClusterObject>; readonly foreign: ReadonlyMap<string, ClusterObject> } => {
  const lost = new Map([...found].filter(([, live]) => recorded(live, labels) !== undefined));
  return { lost, foreign: new Map([...found].filter(([name]) => !lost.has(name))) };
};
