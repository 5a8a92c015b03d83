import { brokenWords } from "../../compiler/preview/rollout/text.ts";
import { rolloutPlan, type Plan } from "../../compiler/rollout/plan.ts";
import type { Step } from "../../compiler/rollout/step.ts";
import { nameOf, type KubernetesObject } from "../../targets/istio/object.ts";
import type { Kept } from "../diagnostics/kept.ts";
import type { Log } from "../log/log.ts";
import { ClusterError, type ClusterApi, type ClusterObject, type ObjectKind } from "./cluster/index.ts";
import { PassFailure } from "./failure.ts";
import type { ApplySet } from "./inventory/index.ts";
import { rollout } from "./rollout/carried-out.ts";
import type { Settling } from "./rollout/settled.ts";
import type { Fetched } from "./source/source.ts";
import { wantedOf, type CompileOptions, type Wanted } from "./wanted.ts";
import { asWritten, byAge, isAsWanted, labelled, referenceTo } from "./written.ts";

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
  readonly api: Pick<ClusterApi, "apply" | "remove" | "get">;
  readonly inventory: ApplySet;
  readonly settling: Settling;
  readonly compile: CompileOptions;
  readonly consent: Consent;
  readonly log: Log;
  /** Called before anything is stored: from then on the cluster is neither what it was nor what the commit says, until the pass is over. */
  readonly begins?: () => void;
}

/** A plan, with what it was made of. */
export interface Planned {
  readonly commit: string;
  readonly wanted: Wanted;
  /** By name (`VirtualService shop/cart`), in the order of their age, as Istio counts it. */
  readonly ours: ReadonlyMap<string, ClusterObject>;
  readonly plan: Plan;
}

export interface Passed {
  readonly commit: string;
  readonly steps: readonly Step[];
  readonly warnings: readonly Kept[];
  readonly wanted: readonly KubernetesObject[];
  /** Every object of ours as it was stored last. */
  readonly live: ReadonlyMap<string, ClusterObject>;
}

/** What a commit would do to the cluster, and nothing of it done. Rejects with a `PassFailure`. */
export const planned = async (
  { commit, folder }: Fetched,
  options: PassOptions,
  signal: AbortSignal,
): Promise<Planned> => {
  const { inventory, compile, consent } = options;
  const [wanted, members] = await Promise.all([
    wantedOf(folder, compile),
    inventory.members(signal).catch(refusedToLook),
  ]);
  const ours = new Map(members.ours.toSorted(byAge).map((object) => [named(object), object]));
  const foreign = await foreignAmong(
    wanted.objects.filter((object) => !ours.has(nameOf(object))),
    options,
    signal,
  );
  if (foreign.size > 0 && !consent.adopt) throw foreignObjects(foreign);
  if (wanted.objects.length === 0 && ours.size > 0 && !consent.empty)
    throw new PassFailure(
      "Planned",
      "Empty",
      `the commit asks for nothing, which would delete all ${ours.size} objects of this inventory: allow that if it is meant`,
    );
  const { labels } = inventory;
  const asked = new Map(wanted.objects.map((object) => [nameOf(object), object]));
  const before = [...ours, ...foreign]
    .sort(([, a], [, b]) => byAge(a, b))
    // What of ours says what is wanted is what is wanted: whatever others own of it is not planned with.
    .map(([name, live]) => {
      const object = asked.get(name);
      return object !== undefined && isAsWanted(labelled(object, labels), live) ? object : asWritten(live, labels);
    });
  const { value, diagnostics } = rolloutPlan(before, wanted.objects, wanted);
  if (value === undefined)
    throw new PassFailure("Planned", "Unreadable", diagnostics.map(({ message }) => message).join("\n"));
  return { commit, wanted, ours, plan: value };
};

/** One pass: a commit becomes what the cluster holds. Rejects with a `PassFailure`, or with the signal's reason. */
export const passed = async (fetched: Fetched, options: PassOptions, signal: AbortSignal): Promise<Passed> => {
  const { api, inventory, settling, consent, log } = options;
  const { commit, wanted, ours, plan } = await planned(fetched, options, signal);
  const { rollout: interrupted } = await inventory.scope(signal).catch(refusedToLook);
  if (plan.kind !== "safe" && !consent.unsafe) throw new PassFailure("Planned", ...whyNot(plan));
  const { steps } = plan;
  const rolling = rollout(ours, { api, labels: inventory.labels, settling, log });
  if (steps.length > 0 || interrupted !== undefined) {
    await rolling.tried(steps, signal);
    options.begins?.();
    await inventory.widen({ ...extent([...wanted.objects]), rollout: commit }, signal).catch(refusedToLook);
    // Somebody was on the way here: proxies may be anywhere between what was and what is.
    if (interrupted !== undefined) {
      log({ level: "warn", event: "an unfinished rollout is waited for", commit: interrupted });
      await settling
        .settled(
          [...ours.values()].map((object) => ({
            ref: referenceTo(object),
            resourceVersion: object.metadata.resourceVersion,
          })),
          signal,
        )
        .catch(notSettled(signal));
    }
    await rolling.carriedOut(steps, signal);
    await inventory.narrow(extent(wanted.objects), signal).catch(refusedToLook);
  }
  return { commit, steps, warnings: wanted.warnings, wanted: wanted.objects, live: rolling.live };
};

const named = (object: ClusterObject): string => nameOf(asWritten(object, {}));

/** Objects of these names that are there, and not ours. */
const foreignAmong = async (
  objects: readonly KubernetesObject[],
  { api }: Pick<PassOptions, "api">,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ClusterObject>> => {
  const missing = new Set<string>();
  const found = await Promise.all(
    objects.map(async (object): Promise<readonly (readonly [string, ClusterObject])[]> => {
      try {
        const live = await api.get(referenceTo(object), { signal });
        return live === undefined ? [] : [[nameOf(object), live]];
      } catch (error) {
        if (!(error instanceof ClusterError) || error.kind !== "no-such-kind") return refusedToLook(error);
        missing.add(`${object.kind} (${object.apiVersion})`);
        return [];
      }
    }),
  );
  if (missing.size > 0)
    throw new PassFailure(
      "Planned",
      "Blocked",
      `the cluster has no ${[...missing].join(", ")}: install Istio's custom resource definitions; they are never created from here`,
    );
  return new Map(found.flat());
};

const extent = (objects: readonly KubernetesObject[]) => ({
  kinds: [
    ...new Map(
      objects.map(({ apiVersion, kind }): [string, ObjectKind] => [`${apiVersion} ${kind}`, { apiVersion, kind }]),
    ).values(),
  ],
  namespaces: [...new Set(objects.map(({ metadata }) => metadata.namespace))].sort(),
});

const mostSaid = 10;

const foreignObjects = (foreign: ReadonlyMap<string, ClusterObject>): PassFailure => {
  const said = [...foreign].slice(0, mostSaid).map(([name, { metadata }]) => {
    const managers = [...new Set((metadata.managedFields ?? []).map(({ manager = "nobody" }) => manager))].join(", ");
    return `${name} exists, and is not of this inventory (managed by ${managers || "nobody"})`;
  });
  const more = foreign.size > mostSaid ? [`and ${foreign.size - mostSaid} more`] : [];
  return new PassFailure("Planned", "Foreign", [...said, ...more].join("\n"));
};

const whyNot = (plan: Exclude<Plan, { readonly kind: "safe" }>): [reason: string, message: string] =>
  plan.kind === "unsafe"
    ? ["Unsafe", `no order of these changes is safe: ${brokenWords(plan)}`]
    : ["Unproved", `whether any order of these changes is safe is not known: ${plan.why}`];

const refusedToLook = (error: unknown): never => {
  if (!(error instanceof ClusterError)) throw error;
  throw new PassFailure("Planned", reasons[error.kind] ?? "Unreachable", error.message, error.retryAfterMs);
};

const reasons: Readonly<Record<string, string>> = {
  forbidden: "Forbidden",
  conflict: "Conflict",
  "not-found": "Blocked",
};

const notSettled =
  (signal: AbortSignal) =>
  (error: unknown): never => {
    signal.throwIfAborted();
    throw new PassFailure("Settled", "NotSettled", (error as Error).message);
  };
