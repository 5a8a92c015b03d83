import fc from "fast-check";
import type { EdgeMarks, Picture, PictureEdge, PictureFact, PictureNode, PictureState } from "./picture.ts";

const text = fc.oneof(
  fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(
    "</script><script>alert(1)</script>",
    "<!--<script>",
    `"'><img src=x onerror=alert(1)>`,
    "\u202egnp.exe",
    "\u2028\u2029",
    "\ud800",
    "${location}",
    "]]>&amp;",
    "a".repeat(5000),
    "名前".repeat(40),
  ),
);
const state = fc.constantFrom<PictureState[]>("same", "added", "removed", "changed");
const facts: fc.Arbitrary<readonly PictureFact[]> = fc.array(
  fc.record(
    { title: text, before: fc.array(text, { maxLength: 2 }), after: fc.array(text, { maxLength: 2 }) },
    { requiredKeys: ["title", "after"] },
  ),
  { maxLength: 2 },
);
const marks: fc.Arbitrary<EdgeMarks> = fc.record({
  protocol: fc.oneof(fc.constantFrom("HTTP", "gRPC", "TCP"), text),
  split: fc.array(fc.record({ label: text, share: text, fraction: fc.double({ min: 0, max: 1, noNaN: true }) }), {
    maxLength: 5,
  }),
  mtls: fc.constantFrom<EdgeMarks["mtls"][]>("mutual", "plain", "mixed", "originated"),
  access: fc.constantFrom<EdgeMarks["access"][]>("allowed", "partly", "denied"),
});
const node = (id: string): fc.Arbitrary<PictureNode> =>
  fc.record(
    {
      id: fc.constant(id),
      kind: fc.constantFrom<PictureNode["kind"][]>("service", "workload", "gateway", "external", "outside"),
      namespace: fc.oneof(fc.constantFrom("shop", "edge", "service"), text),
      name: text,
      proxied: fc.boolean(),
      before: fc.record({ proxied: fc.boolean() }),
      state,
      facts,
    },
    { requiredKeys: ["id", "kind", "name", "proxied", "state", "facts"] },
  );
const edge = (id: string, ids: readonly string[]): fc.Arbitrary<PictureEdge> =>
  fc
    .record(
      {
        id: fc.constant(id),
        from: fc.constantFrom(...ids),
        to: fc.constantFrom(...ids),
        port: fc.integer({ min: 1, max: 65_535 }),
        before: marks,
        state,
        facts,
      },
      { requiredKeys: ["id", "from", "to", "port", "state", "facts"] },
    )
    .chain((ends) => marks.map((now) => ({ ...now, ...ends })));

/** Pictures of any shape whose every word may be meant to break the page. */
export const pictures: fc.Arbitrary<Picture> = fc.uniqueArray(text, { minLength: 1, maxLength: 18 }).chain((ids) => {
  const nodes = fc.tuple(...ids.map(node));
  const edges = fc
    .nat({ max: 40 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, at) => edge(`e${at}`, ids))));
  const comparison = fc.record({
    base: text,
    head: text,
    summary: fc.array(text, { maxLength: 3 }),
    changes: fc.array(
      fc.record(
        {
          title: text,
          risks: fc.array(text, { maxLength: 2 }),
          lines: fc.array(text, { maxLength: 2 }),
          witness: text,
          causes: fc.array(text, { maxLength: 2 }),
          nodes: fc.array(fc.constantFrom(...ids, "none such"), { maxLength: 2 }),
          edges: fc.constantFrom(["e0"], []),
        },
        { requiredKeys: ["title", "risks", "lines", "causes", "nodes", "edges"] },
      ),
      { maxLength: 3 },
    ),
  });
  return fc.record({ title: text, nodes, edges, comparison }, { requiredKeys: ["title", "nodes", "edges"] });
});

/** The same picture with every call turned so that it runs from a smaller id to a larger one. */
export const acyclic = (picture: Picture): Picture => ({
  ...picture,
  edges: picture.edges.map((edge) => (edge.from < edge.to ? edge : { ...edge, from: edge.to, to: edge.from })),
});
