import { expect, test } from "vitest";
import type { Call } from "../lib/model/call.ts";
import { decide } from "../lib/model/decide/index.ts";
import { meaningOf } from "../lib/model/decide/meaning.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import { normalizedTarget } from "../lib/model/normalized-path.ts";
import { Decided } from "../lib/requests/decided/decided.ts";
import { Space } from "../lib/requests/space.ts";
import { strangeCalls } from "./random/calls.ts";
import { randomMesh } from "./random/mesh.ts";
import { random } from "./random/random.ts";

/** What a proxy is sent, as it sends it on. */
const withNormalPath = (call: Call, mesh: Mesh): Call =>
  call.request === "connection"
    ? call
    : {
        ...call,
        request: {
          ...call.request,
          target: normalizedTarget(call.request.target, mesh.platform.pathNormalization),
        },
      };

const callsPerMesh = 50;

test("the algebra says of every call what `decide` says", () => {
  for (let seed = 1; seed <= Number(process.env["MESHWRIGHT_CASES"] ?? 5000) / callsPerMesh; seed += 1) {
    const { mesh } = randomMesh(seed);
    const space = new Space(mesh.platform.pathNormalization);
    const decided = new Decided(mesh, space);
    for (const strange of strangeCalls(mesh, callsPerMesh, random(seed))) {
      const call = withNormalPath(strange, mesh);
      expect(decided.meaning(call, space), `seed ${seed}: ${JSON.stringify(call)}`).toEqual(
        meaningOf(decide({ client: mesh, server: mesh }, call)),
      );
    }
  }
});
