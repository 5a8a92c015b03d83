import { brokenWords } from "../../compiler/preview/rollout/text.ts";
import { changes, stateOf, type Write } from "../../compiler/rollout/change.ts";
import type { Plan } from "../../compiler/rollout/plan.ts";
import type { Platform } from "../../lib/graph/platform.ts";
import type { Step } from "../../compiler/rollout/step.ts";
import { nameOf, type KubernetesObject } from "../../targets/istio/object.ts";
import type { Kept } from "../diagnostics/kept.ts";
import { reasonOf, type Log } from "../log/log.ts";
import { refOf, type ClusterApi, type ClusterObject, type ObjectKind } from "./cluster/index.ts";
import { PassFailure, refusedFor } from "./failure.ts";
import { firstLines } from "./first-lines.ts";
import { foreignAmong } from "./foreign.ts";
import type { ApplySet } from "./inventory/index.ts";
import { labelled, type Labels } from "./record.ts";
import { membersMeanwhile } from "./members-meanwhile.ts";
import { planOf } from "./planner/planner.ts";
import { rollout, type Rollout } from "./rollout/carried-out.ts";
import type { Settling } from "./rollout/settled.ts";
import type { Fetched } from "./source/source.ts";
import { wantedOf, type CompileOptions, type Wanted } from "./wanted.ts";
import { unchanged, withoutLabel, type Unchanged } from "./unchanged.ts";
import { asWritten, byAge, isAsWanted } from "./written.ts";

/** What somebody has to say yes to, each by itself. */
export interface Consent {
  /** An empty mesh takes everything away. */
  readonly empty: boolean;
  /** Steps that break calls on the way, or of which that could not be worked out. */
  readonly unsafe: boolean;
  /** Objects that are there already and of no inventory. */
  readonly adopt: boolean;
}

export interface PassOptions {
  readonly api: Pick<ClusterApi, "apply" | "remove" | "get" | "list">;
  readonly inventory: ApplySet;
  readonly settling: (platform: Platform) => Settling;
  readonly compile: CompileOptions;
  readonly consent: Consent;
  readonly log: Log;
  /** Brings what the commit does not change to what it was; without it, that is planned with all the rest. */
  readonly keeps?: (
    unchanged: readonly Unchanged[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<string, ClusterObject>>;
  /** Called before a step is stored, with what will be written from then on. */
  readonly begins?: (forms: Rollout["forms"]) => void;
}

/** What a commit asks for, and what there is. */
interface Looked {
  readonly commit: string;
  readonly wanted: Wanted;
  /** By name (`VirtualService shop/cart`), in the order of their age, as Istio counts it. */
  readonly ours: ReadonlyMap<string, ClusterObject>;
  /** What is adopted, likewise. */
  readonly foreign: ReadonlyMap<string, ClusterObject>;
  /** What there is of all of these as it would have been written. */
  readonly before: readonly KubernetesObject[];
  /** The commit whose rollout did not come to its end. */
  readonly interrupted: string | undefined;
  /** The mesh folder's tree, where its types were checked now, and not by a pass before. */
  readonly checked: string | undefined;
}

export interface Passed {
  readonly commit: string;
  readonly steps: readonly Step[];
  readonly warnings: readonly Kept[];
  readonly wanted: readonly KubernetesObject[];
  /** Every object of ours as it was stored last. */
  readonly live: ReadonlyMap<string, ClusterObject>;
}

const looked = async (fetching: Promise<Fetched>, options: PassOptions, signal: AbortSignal): Promise<Looked> => {
  const { api, inventory, compile, consent } = options;
  const checkedTree = compile.types ? checkedBefore(inventory, signal) : undefined;
  const [{ commit, wanted, checked }, members] = await Promise.all([
    fetching.then(async ({ commit, tree, folder }) => {
      const types = compile.types && (tree === undefined || (await checkedTree) !== tree);
      return { commit, wanted: await wantedOf(folder, { ...compile, types }), checked: types ? tree : undefined };
    }),
    membersMeanwhile(fetching, inventory, signal).catch(refusedToLook),
  ]);
  const ours = new Map(members.ours.toSorted(byAge).map((object) => [nameOf(object), object]));
  const { labels } = inventory;
  const { lost, foreign } = withoutLabel(
    await foreignAmong(
      wanted.objects.filter((object) => !ours.has(nameOf(object))),
      api,
      signal,
    ).catch(refusedToLook),
    labels,
  );
  for (const [name, object] of lost) ours.set(name, object);
  const kept = await options.keeps?.(unchanged(wanted.objects, ours, labels), signal);
  for (const [name, object] of kept ?? []) ours.set(name, object);
  if (foreign.size > 0 && !consent.adopt) throw foreignObjects(foreign);
  if (wanted.objects.length === 0 && ours.size > 0 && !consent.empty)
    throw new PassFailure(
      "Planned",
      "Empty",
      `the commit asks for nothing, which would delete all ${ours.size} objects of this inventory: allow that if it is meant`,
    );
  const asked = new Map(wanted.objects.map((object) => [nameOf(object), object]));
  const before = [...ours, ...foreign]
    .sort(([, a], [, b]) => byAge(a, b))
    // What of ours says what is wanted is what is wanted: whatever others own of it is not planned with.
    .map(([name, live]) => {
      const object = asked.get(name);
      return object !== undefined && isAsWanted(labelled(object, labels), live) ? object : asWritten(live, labels);
    });
  return { commit, wanted, ours, foreign, before, interrupted: members.rollout, checked };
};

/** Nobody waits long for what only saves time, and where it cannot be had types are checked. */
const checkedBefore = (inventory: ApplySet, signal: AbortSignal): Promise<string | undefined> =>
  inventory.checked(AbortSignal.any([signal, AbortSignal.timeout(1000)])).catch(() => undefined);

const planFor = async ({ wanted, before }: Looked, signal: AbortSignal): Promise<Plan> => {
  const { objects, graph, platform } = wanted;
  const { value, diagnostics } = await planOf({ before, after: objects, base: { graph, platform } }, signal);
  if (value === undefined)
    throw new PassFailure("Planned", "Unreadable", diagnostics.map(({ message }) => message).join("\n"));
  return value;
};

/** What a commit would do to the cluster, and nothing of it done. Rejects with a `PassFailure`. */
export const planned = async (fetching: Promise<Fetched>, options: PassOptions, signal: AbortSignal): Promise<Plan> =>
  planFor(await looked(fetching, options, signal), signal);

/** A plan that may be carried out, once the API server would take what it comes to. */
const agreed = async (found: Looked, rolling: Rollout, consent: Consent, signal: AbortSignal): Promise<Plan> => {
  const planning = async (): Promise<Plan> => {
    const plan = await planFor(found, signal);
    if (plan.kind !== "safe" && !consent.unsafe) throw new PassFailure("Planned", ...whyNot(plan));
    return plan;
  };
  // What is wanted in the end is known before the way to it.
  const coming = changes(stateOf(found.before), stateOf(found.wanted.objects)).filter(
    ({ after }) => after !== undefined,
  );
  const giving = new AbortController();
  const trying = rolling.tried(coming, AbortSignal.any([signal, giving.signal]));
  const [plan, tried] = await Promise.allSettled([
    planning().catch((error: unknown) => {
      giving.abort();
      throw error;
    }),
    trying,
  ]);
  // Why there is no plan is told before what is refused of it.
  if (plan.status === "rejected") throw plan.reason;
  if (tried.status === "rejected") throw tried.reason;
  return plan.value;
};

/** One pass: a commit becomes what the cluster holds. Rejects with a `PassFailure`, or with the signal's reason. */
export const passed = async (
  fetching: Promise<Fetched>,
  options: PassOptions,
  signal: AbortSignal,
): Promise<Passed> => {
  const { api, inventory, consent, log } = options;
  const { labels } = inventory;
  const found = await looked(fetching, options, signal);
  const { commit, wanted, ours, interrupted, checked } = found;
  const settling = options.settling(wanted.platform);
  const rolling = rollout(ours, { api, labels, settling, log });
  const plan = await agreed(found, rolling, consent, signal);
  const claims = claimed(found, plan, labels);
  const steps: readonly Step[] = claims.length > 0 ? [{ phase: "prepare", writes: claims }, ...plan.steps] : plan.steps;
  if (steps.length > 0 || interrupted !== undefined) {
    const writes = steps.flatMap((step) => step.writes);
    await rolling.tried(writes, signal);
    options.begins?.(rolling.forms);
    // What is there only on the way is found again too, whoever is killed there.
    const forms = writes.flatMap(({ after }) => after ?? []);
    await inventory
      .widen({ ...extent([...wanted.objects, ...forms]), rollout: commit }, signal)
      .catch(refusedFor("Applied"));
    // Somebody was on the way here: proxies may be anywhere between what was and what is.
    if (interrupted !== undefined) {
      log({ level: "warn", event: "an unfinished rollout is waited for", commit: interrupted });
      const there = [...ours.values()].map((object) => ({
        ref: refOf(object),
        resourceVersion: object.metadata.resourceVersion,
      }));
      await settling.settled(there, signal, labels).catch(notSettled(signal));
    }
    await rolling.carriedOut(steps, signal);
    await inventory
      .narrow({ ...extent(wanted.objects), ...(checked !== undefined && { checked }) }, signal)
      .catch(refusedFor("Applied"));
  } else if (checked !== undefined) {
    // Whoever may only look can make this pass too.
    await inventory.widen({ checked }, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      log({ level: "info", event: "types are not noted as checked", reason: reasonOf(error) });
    });
  }
  return { commit, steps, warnings: wanted.warnings, wanted: wanted.objects, live: rolling.live };
};

/** What says already what is wanted, and does not show yet whose it is: adopted, or without its record. No proxy is told of that. */
const claimed = ({ wanted, ours, foreign, before }: Looked, { steps }: Plan, labels: Labels): readonly Write[] => {
  const planned = new Set(steps.flatMap(({ writes }) => writes.map(({ name }) => name)));
  const there = stateOf(before);
  return wanted.objects.flatMap((after): readonly Write[] => {
    const name = nameOf(after);
    const live = ours.get(name) ?? foreign.get(name);
    if (live === undefined || planned.has(name) || isAsWanted(labelled(after, labels), live)) return [];
    return [{ name, kind: after.kind, before: there.get(name), after }];
  });
};

const extent = (objects: readonly KubernetesObject[]) => ({
  kinds: [
    ...new Map(
      objects.map(({ apiVersion, kind }): [string, ObjectKind] => [`${apiVersion} ${kind}`, { apiVersion, kind }]),
    ).values(),
  ],
  namespaces: [...new Set(objects.map(({ metadata }) => metadata.namespace))].sort(),
});

const foreignObjects = (foreign: ReadonlyMap<string, ClusterObject>): PassFailure => {
  const lines = [...foreign].map(([name, { metadata }]) => {
    const managers = [...new Set((metadata.managedFields ?? []).map(({ manager = "nobody" }) => manager))].join(", ");
    return `${name} exists, and is not of this inventory (managed by ${managers || "nobody"})`;
  });
  return new PassFailure("Planned", "Foreign", firstLines(lines));
};

const whyNot = (plan: Exclude<Plan, { readonly kind: "safe" }>): [reason: string, message: string] =>
  plan.kind === "unsafe"
    ? ["Unsafe", `no order of these changes is safe: ${brokenWords(plan)}`]
    : ["Unproved", `whether any order of these changes is safe is not known: ${plan.why}`];

const refusedToLook = refusedFor("Planned");

const notSettled =
  (signal: AbortSignal) =>
  (error: unknown): never => {
    signal.throwIfAborted();
    throw new PassFailure("Settled", "NotSettled", (error as Error).message);
  };
