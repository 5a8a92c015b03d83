import type { Instance } from "../../../lib/graph/placement.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Made } from "./made.ts";
import type { Mesh, MeshWorkload } from "../../../lib/model/mesh.ts";

/** One proxy, about to be told what to do. */
export interface Proxy {
  readonly mesh: Mesh;
  readonly workload: MeshWorkload;
  /** Undefined where nobody knows where it runs: it is told what any copy with captured connections is told. */
  readonly instance: Instance | undefined;
  readonly surroundings: Surroundings;
  readonly made: Made;
}

/** What is the same for every copy of it is made once; copies with ports of their own are few. */
export const once = <T>({ instance, made }: Proxy, of: object, key: string, make: () => T): T =>
  instance?.loopback === undefined ? made.once(of, key, make) : make();
