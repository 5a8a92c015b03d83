import type { Mesh } from "../../../lib/model/mesh.ts";
import type { Surroundings } from "./surroundings.ts";

/** What was made already: proxies of one mesh share most of what they are told, and so do a mesh and its next revision. */
export interface Made {
  /** What all of it was made of, beside the objects that it was made for. */
  readonly print: readonly unknown[];
  /**
   * What is made for an object, once. INVARIANT: `make` looks at nothing but the object, what the key says, and the print:
   * the mesh's platform, workloads and mTLS rules, and the surroundings.
   */
  readonly once: <T>(of: object, key: string, make: () => T) => T;
}

/** Goes on with what was made before if nothing that all of it depends on is another. Compares by identity: meshes are immutable. */
export const madeFor = (mesh: Mesh, { placement, delivery, accessLog }: Surroundings, before?: Made): Made => {
  const print = [mesh.platform, mesh.workloads, placement, delivery, accessLog, JSON.stringify(mesh.mtls)];
  if (before !== undefined && before.print.every((part, index) => part === print[index])) return before;
  const made = new WeakMap<object, Map<string, unknown>>();
  return {
    print,
    once: <T>(of: object, key: string, make: () => T): T => {
      const known = made.get(of) ?? new Map<string, unknown>();
      if (known.has(key)) return known.get(key) as T;
      const value = make();
      made.set(of, known.set(key, value));
      return value;
    },
  };
};

const serials = new WeakMap<object, number>();
let given = 0;

/** A key for these very objects, in their order. */
export const identities = (objects: readonly object[]): string =>
  objects
    .map((object) => {
      const known = serials.get(object);
      if (known !== undefined) return known;
      given += 1;
      serials.set(object, given);
      return given;
    })
    .join(" ");
