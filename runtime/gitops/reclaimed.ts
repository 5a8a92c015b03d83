import {
  ClusterError,
  refOf,
  type ClusterApi,
  type ClusterObject,
  type WantedObject,
  type WriteOptions,
} from "./cluster/index.ts";
import { isAmong } from "./record.ts";

const most = 3;

/**
 * Applies an object. A field that was ours and that somebody edited is taken back: an edit asks nobody, and is no claim. A field that
 * another manager applied is claimed, and one that was never ours is another's: such a conflict rejects, as without this.
 */
export const reclaimed = async (
  api: Pick<ClusterApi, "apply" | "get">,
  wanted: WantedObject,
  /** The fields of what was applied last; undefined where nobody knows. */
  before: (live: ClusterObject) => readonly string[] | undefined,
  {
    isTried = true,
    ...options
  }: Pick<WriteOptions, "dryRun" | "metadataOnly" | "signal"> & {
    /** False where nobody has asked the API server yet: then it is asked before anything is to be stored. */
    readonly isTried?: boolean;
  },
): Promise<ClusterObject> => {
  const { signal } = options;
  const applied = async (): Promise<ClusterObject> => {
    if (!isTried) await api.apply(wanted, { ...options, dryRun: true });
    return api.apply(wanted, options);
  };
  /** From the version that was looked at: whoever claims anything afterwards makes another one, and is met. */
  const takenBack = async (live: ClusterObject): Promise<ClusterObject | ClusterError | undefined> => {
    const { resourceVersion } = live.metadata;
    const seen = { ...wanted, metadata: { ...wanted.metadata, resourceVersion } };
    // What was refused was a version before this one: somebody may have claimed a field in between.
    const refused = await orConflict(api.apply(seen, { ...options, dryRun: true }));
    if (!(refused instanceof ClusterError)) return undefined;
    if (refused.conflicts.length === 0) return refused;
    if (!isEdited(live, refused, before(live))) throw refused;
    return orConflict(api.apply(seen, { ...options, force: true }));
  };
  for (let attempt = 1; ; attempt += 1) {
    const first = await orConflict(applied());
    if (!(first instanceof ClusterError)) return first;
    if (first.conflicts.length === 0) throw first;
    const live = await api.get(refOf(wanted), signal === undefined ? {} : { signal });
    const next = (live && (await takenBack(live))) ?? first;
    if (!(next instanceof ClusterError)) return next;
    if (attempt === most) throw next;
  }
};

/** What was stored, or the conflict that was in its way: of fields, or with another version. All else rejects. */
const orConflict = (stored: Promise<ClusterObject>): Promise<ClusterObject | ClusterError> =>
  stored.catch((error: unknown) => {
    if (error instanceof ClusterError && error.kind === "conflict") return error;
    throw error;
  });

const isEdited = (
  { metadata: { managedFields = [] } }: ClusterObject,
  { conflicts }: ClusterError,
  fields: readonly string[] | undefined,
): boolean =>
  fields !== undefined &&
  conflicts.every(
    ({ manager, field }) =>
      isAmong(fields, field) &&
      !managedFields.some((entry) => entry.manager === manager && entry.operation === "Apply"),
  );
