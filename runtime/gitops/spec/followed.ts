import { reasonOf, type Log } from "../../log/log.ts";
import { fullNameOf, pause, type ClusterApi, type ClusterObject, type ObjectRef } from "../cluster/index.ts";
import { PassFailure, refusedFor } from "../failure.ts";

/** A MeshSync as whoever may write it changes it. */
export interface Followed {
  /** As it is stored at this moment. Rejects with a `PassFailure` where it is not there or cannot be had. */
  readonly found: (signal: AbortSignal) => Promise<ClusterObject>;
  /** `metadata.generation` of what was found last; 0 before. */
  readonly generation: () => number;
  /** Resolves when there is another spec than what was found last: also where it went, or came; and when the signal aborts. */
  readonly changed: (signal: AbortSignal) => Promise<void>;
}

/** Why nothing is done while the object that says what to do is not there. */
export const absent = "NoMeshSync";

const againMs = 5000;

export const followed = ({
  api,
  parent,
  log,
}: {
  readonly api: Pick<ClusterApi, "get" | "list" | "watch">;
  /** A MeshSync. */
  readonly parent: ObjectRef;
  readonly log: Log;
}): Followed => {
  let last: ClusterObject | undefined;
  let isKnown = false;
  const { apiVersion, kind, name } = parent;
  const namespace = parent.namespace === undefined ? {} : { namespace: parent.namespace };
  const isNews = (object: ClusterObject | undefined): boolean =>
    isKnown &&
    (object?.metadata.uid !== last?.metadata.uid || object?.metadata.generation !== last?.metadata.generation);

  return {
    async found(signal) {
      isKnown = false;
      last = await api.get(parent, { signal }).catch(refusedFor("Fetched"));
      isKnown = true;
      if (last === undefined)
        throw new PassFailure(
          "Fetched",
          absent,
          `${fullNameOf(parent, parent)} is not there: it says what is to be done`,
        );
      return last;
    },
    generation: () => last?.metadata.generation ?? 0,
    async changed(signal) {
      const seen = new AbortController();
      const until = AbortSignal.any([signal, seen.signal]);
      const looked = (object: ClusterObject | undefined): void => {
        if (isNews(object)) seen.abort();
      };
      const named = (items: readonly ClusterObject[]) => items.find(({ metadata }) => metadata.name === name);
      while (!until.aborted)
        try {
          const { items, resourceVersion } = await api.list({ apiVersion, kind }, { ...namespace, signal: until });
          looked(named(items));
          await api.watch({ apiVersion, kind }, { ...namespace, from: resourceVersion, signal: until }, (event) => {
            if (event.type === "RELISTED") looked(named(event.items));
            else if (event.object.metadata.name === name) looked(event.type === "DELETED" ? undefined : event.object);
          });
        } catch (error) {
          if (until.aborted) return;
          log({ level: "warn", event: "not watched", kind, reason: reasonOf(error) });
          await pause(againMs, until).catch(() => undefined);
        }
    },
  };
};
