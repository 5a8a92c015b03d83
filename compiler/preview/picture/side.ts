import { namedTests } from "../../diff/named-tests.ts";
import { naming, type Naming } from "../../diff/words/outcomes.ts";
import type { Mesh, SpiffeId } from "../../../lib/model/mesh.ts";
import { Decided } from "../../../lib/requests/decided/decided.ts";
import { Diagrams } from "../../../lib/requests/diagrams.ts";
import { Space } from "../../../lib/requests/space.ts";
import { Places } from "./places.ts";
import { Regions } from "./regions.ts";

/** One mesh with all that is asked of it; what two meshes share, they share, so that equal things have equal words. */
export interface Side {
  readonly mesh: Mesh;
  readonly decided: Decided;
  readonly space: Space;
  readonly regions: Regions;
  readonly names: Naming;
  readonly places: Places;
  /** Who has an identity, by name. */
  readonly holders: ReadonlyMap<SpiffeId, readonly string[]>;
}

/** The sides of a picture, in the order of their meshes; the last one's platform reads the paths. */
export const sides = (...meshes: readonly [Mesh, ...Mesh[]]): readonly Side[] => {
  const last = meshes[meshes.length - 1]!;
  const space = new Space(last.platform.pathNormalization, new Diagrams());
  space.diagrams.name(namedTests(...meshes));
  const names = naming(meshes[0], last);
  const places = new Places(meshes);
  const regions = new Regions(space, names);
  return meshes.map((mesh) => ({
    mesh,
    space,
    regions,
    names,
    places,
    decided: new Decided(mesh, space),
    holders: holders(mesh, names),
  }));
};

const holders = (mesh: Mesh, names: Naming): ReadonlyMap<SpiffeId, readonly string[]> => {
  const found = new Map<SpiffeId, Set<string>>();
  for (const { id, identity } of mesh.workloads)
    found.set(identity, (found.get(identity) ?? new Set<string>()).add(names.caller(id)));
  return new Map([...found].map(([identity, all]) => [identity, [...all].sort()]));
};
