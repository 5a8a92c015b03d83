import type { Destination } from "../../../lib/model/mesh.ts";
import { nameOf, type KubernetesObject } from "../object.ts";

/** What the rules about a destination are called: a service by its name, which has no dot; an external host never alike. */
export const nameOfDestination = ({ kind, host }: Destination): string =>
  kind === "external" ? `external.${host}` : (host.split(".")[0] ?? host);

/** The rule for a host of a gateway. Names that could be read in two ways, or are too long, end in a digest of the whole. */
export const nameOfGatewayHost = (
  gateway: { readonly namespace: string; readonly name: string },
  host: string,
): string => {
  const kind = host.startsWith("*.") ? "gateway-wildcard" : "gateway";
  const name = `${kind}.${gateway.namespace}.${gateway.name}.${host.replace("*.", "")}`;
  return name.length <= longest && !gateway.name.includes(".")
    ? name
    : `${name.slice(0, longest - 17).replace(/[.-]+$/, "")}-${digest(`${gateway.namespace}/${gateway.name} ${host}`)}`;
};

/** Of the names of Kubernetes objects. */
const longest = 253;

/** FNV-1a with 64 bits: for names that differ, not against those who would have them equal; `withDistinctNames` is. */
const digest = (text: string): string => {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
};

/** Of two objects with one name the API server would keep the later: throws where a mesh would be written so. */
export const withDistinctNames = (objects: readonly KubernetesObject[]): readonly KubernetesObject[] => {
  const names = new Set<string>();
  for (const object of objects) {
    const name = nameOf(object);
    if (names.has(name)) throw new Error(`two objects would be called ${name}`);
    names.add(name);
  }
  return objects;
};
