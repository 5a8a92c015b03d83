import {
  ClusterError,
  fieldManager,
  isManagedBy,
  ownAnnotation,
  fullNameOf,
  type ClusterApi,
  type ClusterObject,
  type ObjectKind,
  type ObjectRef,
} from "../cluster/index.ts";
import { applySetId, groupKind } from "./identifier.ts";

/** KEP-3659. */
const idLabel = "applyset.kubernetes.io/id";
const partOfLabel = "applyset.kubernetes.io/part-of";
const toolingAnnotation = "applyset.kubernetes.io/tooling";
const kindsAnnotation = "applyset.kubernetes.io/contains-group-kinds";
const namespacesAnnotation = "applyset.kubernetes.io/additional-namespaces";
const rolloutAnnotation = "meshwright.dev/rollout";
const checkedAnnotation = "meshwright.dev/types-checked";

export interface ApplySetOptions {
  readonly api: ClusterApi;
  /** A ConfigMap is made where it is missing; any other kind has to be there. */
  readonly parent: ObjectRef;
  readonly tooling: { readonly name: string; readonly version: string };
  /** The versions in which objects are asked for; those that the API server prefers for the rest. */
  readonly kinds?: readonly ObjectKind[];
}

export interface Members {
  /** Labelled as members, and with fields that we applied. */
  readonly ours: readonly ClusterObject[];
  /** Labelled as members by somebody else: never changed and never removed. */
  readonly foreign: readonly ClusterObject[];
  /** The commit whose rollout was on its way when this was written. */
  readonly rollout: string | undefined;
}

export interface Extent {
  readonly kinds?: readonly ObjectKind[];
  readonly namespaces?: readonly string[];
  /** A commit whose rollout is on its way from here on. */
  readonly rollout?: string;
  /** The tree of a mesh folder whose types are known to be right; without one, what was said stays said. */
  readonly checked?: string;
}

/** As the parent's annotations have it. */
interface Said {
  /** `VirtualService.networking.istio.io` */
  readonly groupKinds: readonly string[];
  readonly namespaces: readonly string[];
  readonly rollout: string | undefined;
  /** By the tool that says so: another version of it may think otherwise. */
  readonly checked: string | undefined;
}

/** Which objects of a cluster are ours, by the ApplySet convention (KEP-3659), so that other tools see it too. */
export interface ApplySet {
  readonly id: string;
  /** What every member carries. */
  readonly labels: Readonly<Record<string, string>>;
  /** For a watch of members. */
  readonly selector: string;
  /** Rejects as all that follow with "conflict" where the parent is another tool's, and with "not-found" where it is missing. */
  readonly members: (signal?: AbortSignal) => Promise<Members>;
  /** The tree of which this tool, in this version, said that its types are right. */
  readonly checked: (signal?: AbortSignal) => Promise<string | undefined>;
  /** Before anything is created: what was said stays said. One write, or none. */
  readonly widen: (extent: Extent, signal?: AbortSignal) => Promise<void>;
  /** After everything else was pruned: only this is said, and no other rollout. One write, or none. */
  readonly narrow: (extent: Extent, signal?: AbortSignal) => Promise<void>;
}

export const applySet = (options: ApplySetOptions): ApplySet => {
  const { api, parent, tooling } = options;
  const id = applySetId(parent);
  const selector = `${partOfLabel}=${id}`;
  const known = new Map((options.kinds ?? []).map((kind) => [groupKind(kind), kind]));
  const what = fullNameOf(parent, parent);

  const opened = async (signal: AbortSignal | undefined): Promise<ClusterObject | undefined> => {
    const found = await api.get(parent, asked(signal));
    if (found === undefined) {
      if (parent.kind === "ConfigMap") return undefined;
      throw new ClusterError(`${what}: it is not there, and without it nobody could tell which objects are ours`, {
        kind: "not-found",
      });
    }
    const tool = found.metadata.annotations?.[toolingAnnotation];
    if (tool !== undefined && tool.split("/")[0] !== tooling.name)
      throw new ClusterError(`${what}: its objects are managed by \`${tool}\``, { kind: "conflict" });
    const claimed = found.metadata.labels?.[idLabel];
    if (claimed !== undefined && claimed !== id)
      throw new ClusterError(`${what}: its label ${idLabel} is \`${claimed}\` instead of \`${id}\`: was it copied?`, {
        kind: "conflict",
      });
    return found;
  };

  const saidBy = (found: ClusterObject | undefined): Said => {
    const annotations = found?.metadata.annotations ?? {};
    return {
      groupKinds: listIn(annotations[kindsAnnotation]),
      namespaces: sorted([...listIn(annotations[namespacesAnnotation]), ...own]),
      rollout: annotations[rolloutAnnotation],
      checked: found && ownAnnotation(found, fieldManager, checkedAnnotation),
    };
  };
  /** Nothing anew where somebody else wrote: a note that saves time is not worth a conflict. */
  const noted = (found: ClusterObject | undefined, before: Said, tree: string | undefined): string | undefined => {
    const isFree = before.checked !== undefined || found?.metadata.annotations?.[checkedAnnotation] === undefined;
    return tree === undefined || !isFree ? before.checked : checkedBy(tree);
  };
  const checkedBy = (tree: string): string => `${tooling.name}/${tooling.version} ${tree}`;
  const own = parent.namespace === undefined ? [] : [parent.namespace];

  /** All that is ours on the parent, always: server-side apply takes away what is not said again. */
  const said = async (
    found: ClusterObject | undefined,
    scope: Said,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    await api.apply(
      {
        apiVersion: parent.apiVersion,
        kind: parent.kind,
        metadata: {
          name: parent.name,
          ...(parent.namespace === undefined ? {} : { namespace: parent.namespace }),
          // A parent that was removed meanwhile must not come back as an empty one.
          ...(found === undefined ? {} : { uid: found.metadata.uid }),
          labels: { [idLabel]: id },
          annotations: {
            [toolingAnnotation]: `${tooling.name}/${tooling.version}`,
            [kindsAnnotation]: sorted(scope.groupKinds).join(","),
            [namespacesAnnotation]: sorted(scope.namespaces.filter((namespace) => namespace !== parent.namespace)).join(
              ",",
            ),
            ...(scope.rollout === undefined ? {} : { [rolloutAnnotation]: scope.rollout }),
            ...(scope.checked === undefined ? {} : { [checkedAnnotation]: scope.checked }),
          },
        },
      },
      asked(signal),
    );
  };
  const changed = async (
    tree: string | undefined,
    to: (before: Said) => Omit<Said, "checked">,
    signal: AbortSignal | undefined,
  ): Promise<void> => {
    const found = await opened(signal);
    const before = saidBy(found);
    const after = { ...to(before), checked: noted(found, before, tree) };
    if (!isSaid(found, before, after)) await said(found, after, signal);
  };
  const isSaid = (found: ClusterObject | undefined, before: Said, scope: Said): boolean =>
    found?.metadata.labels?.[idLabel] === id &&
    found.metadata.annotations?.[toolingAnnotation] === `${tooling.name}/${tooling.version}` &&
    JSON.stringify([sorted(before.groupKinds), before.namespaces, before.rollout, before.checked]) ===
      JSON.stringify([sorted(scope.groupKinds), sorted([...scope.namespaces, ...own]), scope.rollout, scope.checked]);

  const listed = async (
    kind: ObjectKind,
    namespaces: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<readonly ClusterObject[]> => {
    try {
      return (await api.list(kind, { labelSelector: selector, ...asked(signal) })).items;
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      // With the definition went all objects of it.
      if (error.kind === "no-such-kind") return [];
      if (error.kind !== "forbidden") throw error;
    }
    const lists = await Promise.all(
      namespaces.map((namespace) => api.list(kind, { namespace, labelSelector: selector, ...asked(signal) })),
    );
    return lists.flatMap(({ items }) => items);
  };

  const kindsOf = async ({ groupKinds }: Said, signal: AbortSignal | undefined): Promise<readonly ObjectKind[]> => {
    const found = await Promise.all(
      groupKinds.map(async (name) => known.get(name) ?? api.preferred(...partsOf(name), asked(signal))),
    );
    return found.filter((kind) => kind !== undefined);
  };

  return {
    id,
    labels: { [partOfLabel]: id },
    selector,
    async members(signal) {
      const before = saidBy(await opened(signal));
      const kinds = await kindsOf(before, signal);
      const all = (await Promise.all(kinds.map((kind) => listed(kind, before.namespaces, signal)))).flat();
      // Whoever may write in another namespace can label what they like.
      const isOurs = (object: ClusterObject): boolean =>
        isManagedBy(object, fieldManager) &&
        (object.metadata.namespace === undefined || before.namespaces.includes(object.metadata.namespace));
      return {
        ours: all.filter(isOurs),
        foreign: all.filter((object) => !isOurs(object)),
        rollout: before.rollout,
      };
    },
    async checked(signal) {
      const { checked } = saidBy(await opened(signal));
      const tree = checked?.split(" ").at(-1);
      return tree !== undefined && checked === checkedBy(tree) ? tree : undefined;
    },
    widen: ({ kinds = [], namespaces = [], rollout, checked }, signal) =>
      changed(
        checked,
        (before) => ({
          groupKinds: sorted([...before.groupKinds, ...kinds.map(groupKind)]),
          namespaces: sorted([...before.namespaces, ...namespaces]),
          rollout: rollout ?? before.rollout,
        }),
        signal,
      ),
    narrow: ({ kinds = [], namespaces = [], rollout, checked }, signal) =>
      changed(
        checked,
        () => ({ groupKinds: sorted(kinds.map(groupKind)), namespaces: sorted(namespaces), rollout }),
        signal,
      ),
  };
};

/** A kind of the core group has no dot. */
const partsOf = (name: string): [group: string, kind: string] => {
  const dot = name.indexOf(".");
  return dot < 0 ? ["", name] : [name.slice(dot + 1), name.slice(0, dot)];
};

const listIn = (text: string | undefined): readonly string[] =>
  sorted(
    (text ?? "")
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  );

const sorted = (names: readonly string[]): readonly string[] => [...new Set(names)].sort();

const asked = (signal: AbortSignal | undefined): { readonly signal?: AbortSignal } =>
  signal === undefined ? {} : { signal };
