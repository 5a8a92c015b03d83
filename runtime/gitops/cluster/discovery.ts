import { ClusterError, type ObjectKind } from "./api.ts";

/** How the API server's paths say a kind. */
interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Where objects are, as the API server itself says: the plural of a kind is nothing to guess. */
export interface Discovery {
  /** Of one object, or of all without a name. Rejects with "no-such-kind", or "invalid" when a namespace is missing or too much. */
  readonly path: (
    kind: ObjectKind,
    place: { readonly namespace?: string | undefined; readonly name?: string },
    signal: AbortSignal | undefined,
  ) => Promise<string>;
  readonly preferred: (group: string, kind: string, signal: AbortSignal | undefined) => Promise<ObjectKind | undefined>;
  /** What is known of an API version may have changed. */
  readonly forget: (apiVersion: string) => void;
}

type Resources = ReadonlyMap<string, Resource>;

/** `asked` gives the JSON of a path, undefined for a 404. A kind that is missing is looked for again after `missingMs`. */
export const discovery = (
  asked: (path: string, signal: AbortSignal | undefined) => Promise<unknown>,
  { missingMs = 1000 } = {},
): Discovery => {
  const known = new Map<string, { readonly at: number; readonly resources: Promise<Resources> }>();

  const resources = (apiVersion: string): Promise<Resources> => {
    // Without the asker's signal: others wait for the same answer.
    const found = asked(groupPath(apiVersion), undefined).then(resourcesIn);
    const entry = { at: performance.now(), resources: found };
    known.set(apiVersion, entry);
    found.catch(() => {
      if (known.get(apiVersion) === entry) known.delete(apiVersion);
    });
    return found;
  };
  const resource = async ({ apiVersion, kind }: ObjectKind): Promise<Resource | undefined> => {
    const before = known.get(apiVersion);
    const found = await (before?.resources ?? resources(apiVersion));
    if (found.has(kind)) return found.get(kind);
    if (before === undefined || performance.now() - before.at < missingMs) return undefined;
    // Of many that miss it at one time, the first asks.
    const now = known.get(apiVersion);
    return (await (now === before || now === undefined ? resources(apiVersion) : now.resources)).get(kind);
  };

  return {
    async path(kind, { namespace, name }, signal) {
      signal?.throwIfAborted();
      const found = await resource(kind);
      const what = `${kind.apiVersion} ${kind.kind}`;
      if (found === undefined)
        throw new ClusterError(`${what}: the API server has no such kind: is its custom resource definition missing?`, {
          kind: "no-such-kind",
        });
      if (found.namespaced && namespace === undefined && name !== undefined)
        throw new ClusterError(`${what} ${name}: a namespace is missing`, { kind: "invalid" });
      if (!found.namespaced && namespace !== undefined)
        throw new ClusterError(
          `${what}: this kind is of the whole cluster, and \`${namespace}\` was given as its namespace`,
          { kind: "invalid" },
        );
      const within = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
      return `${groupPath(kind.apiVersion)}${within}/${found.plural}${name === undefined ? "" : `/${encodeURIComponent(name)}`}`;
    },
    async preferred(group, kind, signal) {
      if (group === "") return (await resource({ apiVersion: "v1", kind })) && { apiVersion: "v1", kind };
      const said = (await asked(`/apis/${encodeURIComponent(group)}`, signal)) as ApiGroup | undefined;
      const versions = [said?.preferredVersion, ...(said?.versions ?? [])].flatMap((one) => one?.groupVersion ?? []);
      for (const apiVersion of versions)
        if ((await resource({ apiVersion, kind })) !== undefined) return { apiVersion, kind };
      return undefined;
    },
    forget: (apiVersion) => void known.delete(apiVersion),
  };
};

interface ApiGroup {
  readonly preferredVersion?: { readonly groupVersion?: string };
  readonly versions?: readonly { readonly groupVersion?: string }[];
}

const groupPath = (apiVersion: string): string =>
  apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

const resourcesIn = (answer: unknown): Resources => {
  const list = (
    answer as { readonly resources?: readonly { name: string; kind: string; namespaced: boolean }[] } | undefined
  )?.resources;
  return new Map(
    (list ?? [])
      // `deployments/scale` is a part of another resource.
      .filter(({ name }) => !name.includes("/"))
      .map(({ name, kind, namespaced }) => [kind, { plural: name, namespaced }]),
  );
};
