import { applied, saysTheSame, stateOf } from "../../compiler/rollout/change.ts";
import { rolloutPlan, type Plan, type Step } from "../../compiler/rollout/plan.ts";
import { brokenWords } from "../../compiler/preview/rollout/text.ts";
import { nameOf, type KubernetesObject } from "../../targets/istio/object.ts";
import type { Kept } from "../diagnostics/kept.ts";
import type { Log } from "../log/log.ts";
import type { ClusterApi, ClusterObject, ObjectKind } from "./cluster/api.ts";
import { PassFailure } from "./failure.ts";
import { asWritten, found, isAsWanted, kindKey, type Found } from "./found.ts";
import type { Inventory } from "./inventory/inventory.ts";
import { rollout } from "./rollout/carried-out.ts";
import type { Settling } from "./rollout/settled.ts";
import type { Fetched } from "./source/source.ts";
import { wantedOf, type CompileOptions, type Wanted } from "./wanted.ts";

/** What somebody has to say yes to, each by itself. */
export interface Consent {
  /** An empty mesh takes everything away. */
  readonly empty: boolean;
  /** Steps that break calls on the way, or of which that could not be worked out. */
  readonly unsafe: boolean;
  /** Objects that are there already and nobody's inventory has. */
  readonly adopt: boolean;
}

export interface PassOptions {
  readonly api: Pick<ClusterApi, "apply" | "remove" | "get" | "list">;
  readonly inventory: Inventory;
  readonly settling: Settling;
  readonly compile: CompileOptions;
  readonly consent: Consent;
  readonly log: Log;
}

/** A plan, with what it was made of. */
export interface Planned {
  readonly commit: string;
  readonly wanted: Wanted;
  readonly found: Found;
  readonly plan: Plan;
}

export interface Passed {
  readonly commit: string;
  readonly steps: readonly Step[];
  readonly warnings: readonly Kept[];
  /** Every object of ours as it was stored last. */
  readonly live: ReadonlyMap<string, ClusterObject>;
}

/** What a commit would do to the cluster, and nothing of it done. Rejects with a `PassFailure`. */
export const planned = async ({ commit, folder }: Fetched, options: PassOptions, signal: AbortSignal): Promise<Planned> => {
  const { api, inventory, compile, consent } = options;
  const wanted = await wantedOf(folder, compile);
  const recorded = await inventory.read(signal);
  const kinds = kindsOf([...wanted.objects, ...recorded.kinds]);
  const state = await found(api, kinds, inventory, signal);
  const missing = state.missing.filter((kind) => wanted.objects.some((object) => kindKey(object) === kindKey(kind)));
  if (missing.length > 0)
    throw new PassFailure(
      "Planned",
      "Blocked",
      `the cluster has no ${missing.map(({ kind, apiVersion }) => `${kind} (${apiVersion})`).join(", ")}: install Istio's CRDs; they are never created from here`,
    );
  const foreign = wanted.objects.map(nameOf).filter((name) => state.foreign.has(name));
  if (foreign.length > 0 && !consent.adopt) throw foreignObjects(foreign, state.foreign);
  if (wanted.objects.length === 0 && state.ours.size > 0 && !consent.empty)
    throw new PassFailure(
      "Planned",
      "Empty",
      `the commit asks for nothing, which would delete all ${state.ours.size} objects of this inventory: allow that if it is meant`,
    );
  const before = [...state.ours, ...state.foreign]
    .filter(([name]) => state.ours.has(name) || foreign.includes(name))
    .map(([name, live]) => asPlanned(live, stateOf(wanted.objects).get(name), inventory));
  const { value, diagnostics } = rolloutPlan(before, wanted.objects, wanted);
  if (value === undefined)
    throw new PassFailure("Planned", "Unreadable", diagnostics.map(({ message }) => message).join("\n"));
  return { commit, wanted, found: state, plan: value };
};

/** One pass: a commit becomes what the cluster holds. Rejects with a `PassFailure`, or with the signal's reason. */
export const passed = async (fetched: Fetched, options: PassOptions, signal: AbortSignal): Promise<Passed> => {
  const { api, inventory, settling, consent, log } = options;
  const interrupted = (await inventory.read(signal)).commit;
  const { commit, wanted, found: state, plan } = await planned(fetched, options, signal);
  if (plan.kind !== "safe" && !consent.unsafe) throw new PassFailure("Planned", reasonOf(plan), whyNot(plan));
  const rolling = rollout(state.ours, { api, label: inventory.label, settling, log });
  const { steps } = plan;
  const end = places(wanted.objects);
  if (steps.length > 0 || interrupted !== undefined) {
    await rolling.tried(steps, signal);
    const both = places([...wanted.objects, ...[...state.ours.values()].map((live) => asWritten(live, inventory.label.key))]);
    await inventory.begun({ ...both, commit }, signal);
    // Somebody was on the way here: proxies may be anywhere between what was and what is.
    if (interrupted !== undefined) {
      log({ level: "warn", event: "an unfinished rollout is waited for", commit: interrupted });
      await settling.settled(
        [...state.ours.values()].map(({ apiVersion, kind, metadata }) => ({
          ref: { apiVersion, kind, namespace: metadata.namespace, name: metadata.name },
          resourceVersion: metadata.resourceVersion,
        })),
        signal,
      );
    }
    await rolling.carriedOut(steps, signal);
    await inventory.ended(end, signal);
  }
  return { commit, steps, warnings: wanted.warnings, live: rolling.live };
};

/** What of ours says what is wanted is what is wanted: whatever others own of it is not planned with. */
const asPlanned = (live: ClusterObject, wanted: KubernetesObject | undefined, { label }: Inventory): KubernetesObject =>
  wanted !== undefined && isAsWanted(withLabel(wanted, label), live) ? wanted : asWritten(live, label.key);

const withLabel = (object: KubernetesObject, { key, value }: Inventory["label"]): KubernetesObject => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, [key]: value } },
});

const kindsOf = (of: readonly ObjectKind[]): readonly ObjectKind[] => [
  ...new Map(of.map(({ apiVersion, kind }) => [kindKey({ apiVersion, kind }), { apiVersion, kind }])).values(),
];

const places = (objects: readonly KubernetesObject[]) => ({
  kinds: kindsOf(objects),
  namespaces: [...new Set(objects.map(({ metadata }) => metadata.namespace))].sort(),
});

const foreignObjects = (names: readonly string[], foreign: Found["foreign"]): PassFailure => {
  const managers = (name: string): string =>
    [...new Set((foreign.get(name)?.metadata.managedFields ?? []).map(({ manager = "nobody" }) => manager))].join(", ");
  const said = names.slice(0, 10).map((name) => `${name} exists, and is not of this inventory (managed by ${managers(name) || "nobody"})`);
  return new PassFailure("Planned", "Foreign", [...said, ...(names.length > 10 ? [`and ${names.length - 10} more`] : [])].join("\n"));
};

const reasonOf = (plan: Exclude<Plan, { readonly kind: "safe" }>): string => (plan.kind === "unsafe" ? "Unsafe" : "Unproved");

const whyNot = (plan: Exclude<Plan, { readonly kind: "safe" }>): string =>
  plan.kind === "unsafe" ? `no order of these changes is safe: ${brokenWords(plan)}` : `whether any order of these changes is safe is not known: ${plan.why}`;
