import { type BenchService, benchMesh, type Named } from "../compile/mesh.ts";

export const services = 1000;
/** Proxies that hold the changed service; as many services name it in their `uses`. */
export const callers = 200;
/** Distances, within the namespace, to what a service uses: with its neighbour and the popular service about ten. */
const steps = [3, 7, 11, 17, 23, 29, 37, 41] as const;
const namespaceSize = 50;

/**
 * The mesh of the compile bench with wider scopes: each service calls ten others, and the first is called by the 200
 * after it, so that one changed route concerns 200 proxies and no others. It grants access to their namespaces.
 */
export const xdsMesh = (): readonly BenchService[] => {
  const all = benchMesh(services);
  const [popular] = all;
  const named = ({ name, namespace }: Named): Named => ({ name, namespace });
  const calling = all.slice(1, callers + 1);
  return all.map((service, index) => {
    const first = index - (index % namespaceSize);
    const near = steps.map((step) => named(all[first + ((index - first + step) % namespaceSize)]!));
    // The last one's neighbour would be the popular service.
    const neighbour = all.slice(index + 1, index + 2).map(named);
    const uses = [...neighbour, ...near, ...(calling.includes(service) ? [named(popular!)] : [])];
    const distinct = new Map(uses.map((used) => [used.name, used]));
    distinct.delete(service.name);
    return {
      ...service,
      uses: [...distinct.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      ...(index === 0 && {
        callers: [...new Set([service, ...calling].map(({ namespace }) => namespace))]
          .map((namespace) => ({ namespace }))
          .toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1)),
      }),
    };
  });
};
