import type { Mesh } from "../../../lib/model/mesh.ts";
import type { ShownDiff } from "../diff/shown-diff.ts";
import type { Picture } from "../page/picture.ts";
import { pictureChanges } from "./changes.ts";
import { comparedEdges, comparedNodes } from "./compared.ts";
import { edges } from "./edges.ts";
import { nodes } from "./nodes.ts";
import { sides } from "./side.ts";

/** What a mesh means, as a picture: who calls whom, and what becomes of the calls. */
export const meshPicture = (mesh: Mesh, title: string): Picture => {
  const [side] = sides(mesh);
  const seen = edges(side!);
  const found = nodes(side!, seen);
  return { title, nodes: comparedNodes(found, found), edges: comparedEdges(seen, seen) };
};

/** Two meshes as one picture, with what lies between them: the page tells a before from an after by it. */
export const comparisonPicture = (
  { before, after }: { readonly before: Mesh; readonly after: Mesh },
  shown: ShownDiff,
  title: string,
): Picture => {
  const both = sides(before, after);
  const [was, is] = both.map((side) => edges(side));
  const [old, now] = both.map((side, index) => nodes(side, [was!, is!][index]!));
  const found = comparedEdges(was!, is!);
  return {
    title,
    comparison: {
      base: shown.base,
      head: shown.head === "." ? title : shown.head,
      summary: [...shown.summary, ...shown.notes],
      changes: pictureChanges(shown.changes, both, found),
    },
    nodes: comparedNodes(old!, now!),
    edges: found,
  };
};
