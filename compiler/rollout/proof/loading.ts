import type { WorkloadId } from "../../../lib/graph/graph.ts";
import { lookup } from "../../../lib/model/lookup.ts";
import type { Host, Mesh, Scope } from "../../../lib/model/mesh.ts";
import type { State } from "../change.ts";
import { hasKeeper, keptBy, nameOfKeeper } from "../keepers.ts";

/** What a caller's proxy can hold meanwhile: objects, and what they mean. */
export interface Mixture {
  readonly state: State;
  readonly mesh: Mesh;
}

/** A caller whose proxy may lead calls of a destination to one that it has not loaded yet, or not any more. */
export interface Cut {
  readonly caller: WorkloadId;
  readonly called: Host;
}

/**
 * Of a step in all of its mixtures: clusters of one may be there with routes of another, as they come in messages of their own. So
 * whatever calls are led to in any of them has to be loaded in all.
 */
export const cuts = (mixtures: readonly Mixture[]): readonly Cut[] => {
  const loadings = mixtures.map(loading);
  const sidecars = mixtures[0]!.mesh.workloads.filter(({ proxy }) => proxy === "sidecar").map(({ id }) => id);
  // Callers of the same scopes fare alike.
  const alike = Map.groupBy(sidecars, (id) =>
    loadings.map(({ scopeOf }) => Object.values(scopeOf(id)?.selector ?? {}).join("/")).join(),
  );
  return [...alike.values()].flatMap((callers) => {
    const scopes = loadings.map(({ of }) => of(callers[0]!));
    const called = new Set(scopes.flatMap(({ named }) => [...named]));
    const cut = [...called].filter((host) => {
      const led = scopes.flatMap(({ named }, index) => (named.has(host) ? loadings[index]!.backends(host) : []));
      return led.some((one) => scopes.some(({ loaded }) => !loaded.has(one)));
    });
    return callers.flatMap((caller) => cut.map((host) => ({ caller, called: host })));
  });
};

/** What proxies load by one mixture, and what they lead calls to. */
const loading = ({ state, mesh }: Mixture) => {
  const { scope, destination } = lookup(mesh);
  const backends = (host: Host): readonly Host[] =>
    destination(host)?.ports.flatMap(({ routes }) =>
      routes.length === 0 ? [host] : routes.flatMap((route) => route.backends.map((one) => one.host)),
    ) ?? [];
  const everything: ReadonlySet<Host> = new Set(mesh.destinations.map(({ host }) => host));
  const kept = new Map<Scope, { readonly named: ReadonlySet<Host>; readonly loaded: ReadonlySet<Host> }>();
  const of = (caller: string) => {
    const own = scope(caller);
    if (own === undefined) return { named: everything, loaded: everything };
    const known = kept.get(own);
    if (known !== undefined) return known;
    const { namespace, name } = own.selector;
    const sidecar = state.get(`Sidecar ${namespace}/${name}`);
    const keeps = sidecar !== undefined && hasKeeper(sidecar) ? keptBy(state.get(nameOfKeeper(namespace))) : [];
    const named = new Set(own.hosts.filter((host) => everything.has(host)));
    const all = [...named, ...[...named].flatMap(backends), ...keeps].filter((host) => everything.has(host));
    const made = { named, loaded: new Set(all) };
    kept.set(own, made);
    return made;
  };
  return { scopeOf: scope, of, backends };
};
