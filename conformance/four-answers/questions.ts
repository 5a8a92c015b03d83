import { compile } from "../../compiler/pipeline.ts";
import type { Mesh } from "../../lib/model/mesh.ts";
import { randomMesh } from "../../golden/random/mesh.ts";
import { callsOf } from "../laboratory/judgement.ts";
import { everySeed } from "../laboratory/seeds.ts";
import { bookinfo } from "../laboratory/suite.ts";
import { asked, type AskedOfMesh } from "./record.ts";

/** What a whole run asks of every data plane, as this code has it: whatever record says otherwise is of other code. */
export const questions = async (): Promise<readonly AskedOfMesh[]> => {
  const { value } = await compile(bookinfo);
  if (value === undefined) throw new Error("policies/bookinfo does not compile");
  return [
    askedOf("bookinfo", 0, value.mesh),
    ...[...everySeed].sort((a, b) => a - b).map((seed) => askedOf(`seed ${seed}`, seed, randomMesh(seed).mesh)),
  ];
};

const askedOf = (name: string, seed: number, mesh: Mesh): AskedOfMesh => ({
  name,
  seed,
  calls: callsOf(mesh, seed).map((call) => asked(mesh, call)),
});
