import { expect, test } from "vitest";
import { randomMesh } from "../../../golden/random/mesh.ts";
import { emit } from "../emit/index.ts";
import { read } from "./index.ts";

const kinds = ["VirtualService", "DestinationRule", "ServiceEntry", "PeerAuthentication", "Sidecar"];

test.each(kinds)("a second %s for the same is reported, whatever it says", (kind) => {
  const { mesh, graph, platform } = Array.from({ length: 50 }, (_, seed) => randomMesh(seed)).find((candidate) =>
    emit(candidate.mesh).some((object) => object.kind === kind),
  )!;
  const objects = emit(mesh);
  const object = objects.find((candidate) => candidate.kind === kind)!;
  const rival = { ...object, metadata: { ...object.metadata, name: "rival" } };
  expect(read(objects, { graph, platform }).diagnostics).toEqual([]);
  const { value, diagnostics } = read([...objects, rival], { graph, platform });
  expect(value).toBeUndefined();
  expect(diagnostics.map(({ code, message }) => [code, message.includes("rival")])).toEqual([["MESH5003", true]]);
});
