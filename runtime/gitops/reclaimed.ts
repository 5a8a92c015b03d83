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
  for (let attempt = 1; ; attempt += 1) {
    let refused: ClusterError;
    try {
      if (!isTried) await api.apply(wanted, { ...options, dryRun: true });
      return await api.apply(wanted, options);
    } catch (error) {
      if (!(error instanceof ClusterError) || error.conflicts.length === 0) throw error;
      refused = error;
    }
    const { signal } = options;
    const live = await api.get(refOf(wanted), signal === undefined ? {} : { signal });
    if (live === undefined) {
      if (attempt === most) throw refused;
      continue;
    }
    if (!isEdited(live, refused, before(live))) throw refused;
    try {
      // Whoever claims it meanwhile makes another version of it.
      const { resourceVersion } = live.metadata;
      const metadata = { ...wanted.metadata, resourceVersion };
      return await api.apply({ ...wanted, metadata }, { ...options, force: true });
    } catch (error) {
      if (!(error instanceof ClusterError) || error.kind !== "conflict" || attempt === most) throw error;
    }
  }
};

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
