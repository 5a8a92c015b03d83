import { isDeepStrictEqual } from "node:util";
import { conditionsAfter, type Condition, type Outcome } from "./conditions.ts";
import { written } from "./reporter.ts";

/** `status` of a MeshSync, as `install/source/definition.ts` declares it. */
export interface MeshSyncStatus {
  readonly conditions: readonly Condition[];
  /** The commit that is in force. */
  readonly commit?: string;
  /** The commit that the last pass was about; that it is in force, `Ready` says. */
  readonly attempted?: string;
  /** Objects that were in force after the last pass that held. */
  readonly objects?: number;
  /** Warnings of the commit that is in force. */
  readonly warnings?: number;
  /** The last pass that held and wrote anything. */
  readonly rollout?: {
    readonly commit: string;
    readonly created: number;
    readonly changed: number;
    readonly deleted: number;
    readonly steps: number;
  };
}

export const statusAfter = (
  before: MeshSyncStatus,
  outcome: Outcome,
  at: { readonly generation: number; readonly now: Date },
): MeshSyncStatus => {
  const conditions = conditionsAfter(before.conditions, outcome, at);
  if (outcome.kind === "failed")
    return { ...before, conditions, ...(outcome.commit === undefined ? {} : { attempted: outcome.commit }) };
  const { commit, objects, warnings, writes, steps } = outcome.pass;
  return {
    ...before,
    conditions,
    commit,
    attempted: commit,
    objects,
    warnings: warnings.length,
    ...(written(writes) === 0 ? {} : { rollout: { commit, ...writes, steps } }),
  };
};

/** What a stored status says of what is ours; whatever else stands there is not looked at. */
export const statusIn = (stored: unknown): MeshSyncStatus => {
  const found = (stored ?? {}) as Partial<MeshSyncStatus>;
  const { commit, attempted, objects, warnings, rollout } = found;
  return {
    conditions: (found.conditions ?? []).filter(({ type }) => ours.includes(type)),
    ...(commit === undefined ? {} : { commit }),
    ...(attempted === undefined ? {} : { attempted }),
    ...(objects === undefined ? {} : { objects }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(rollout === undefined ? {} : { rollout }),
  };
};

const ours: readonly string[] = ["Ready", "Fetched", "Compiled", "Planned", "Applied", "Settled"];

export const conditionOf = ({ conditions }: MeshSyncStatus, type: Condition["type"]): Condition | undefined =>
  conditions.find((one) => one.type === type);

/** Conditions are a map by type: their order says nothing. */
export const isSameStatus = (a: MeshSyncStatus, b: MeshSyncStatus): boolean => {
  const keyed = ({ conditions, ...rest }: MeshSyncStatus) => ({
    ...rest,
    conditions: Object.fromEntries(conditions.map((one) => [one.type, one])),
  });
  return isDeepStrictEqual(keyed(a), keyed(b));
};
