import type { Destination } from "../../../lib/model/mesh.ts";
import type { KubernetesObject } from "../object.ts";

/** What the rules about a destination are called: a service by its name, which has no dot; an external host never alike. */
export const nameOfDestination = ({ kind, host }: Destination): string =>
  kind === "external" ? `external.${host}` : (host.split(".")[0] ?? host);

/** Of two objects with one name the API server would keep the later: throws where a mesh would be written so. */
export const withDistinctNames = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] => {
  const names = new Set<string>();
  for (const { kind, metadata } of objects) {
    const name = `${kind} ${metadata.namespace}/${metadata.name}`;
    if (names.has(name)) throw new Error(`two objects would be called ${name}`);
    names.add(name);
  }
  return objects;
};
