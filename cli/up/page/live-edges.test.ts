import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/pipeline.ts";
import { meshPicture } from "../../../compiler/preview/picture/index.ts";
import { sortedEdges } from "../../../compiler/preview/page/page.ts";
import type { Measured } from "../../../runtime/local/traffic/traffic.ts";
import { liveEdges } from "./live-edges.ts";

const { value } = await compile(join(import.meta.dirname, "..", "..", "..", "policies", "bookinfo"), { types: false });
const { mesh } = value!;
const edges = sortedEdges(meshPicture(mesh, "bookinfo"));

const flow = (more: Partial<Measured>): Measured => ({
  from: "bookinfo/productpage-v1",
  service: "reviews.bookinfo.svc.cluster.local",
  port: undefined,
  to: "bookinfo/reviews-v1",
  mtls: true,
  outcome: "answered",
  perSecond: 1,
  ...more,
});

/** With the ends of each edge by name. */
const shown = (measured: readonly Measured[]) =>
  Object.fromEntries(
    liveEdges(measured, edges, mesh).map(({ edge, ...rest }) => [`${edges[edge]?.from} → ${edges[edge]?.to}`, rest]),
  );

const reviews = "productpage.bookinfo.svc.cluster.local → reviews.bookinfo.svc.cluster.local";

test("versions share what arrived, and what nobody got is refused or failed", () => {
  const measured = [
    flow({ perSecond: 6 }),
    flow({ perSecond: 1, outcome: "refused" }),
    flow({ to: "bookinfo/reviews-v3", perSecond: 3 }),
    flow({ to: undefined, mtls: false, outcome: "failed", perSecond: 2 }),
  ];
  expect(shown(measured)).toEqual({
    [reviews]: {
      perSecond: 12,
      refused: 1,
      failed: 2,
      mtls: "mutual",
      split: [
        { label: "v1", fraction: 0.7 },
        { label: "v3", fraction: 0.3 },
      ],
    },
  });
});

test("an edge is said to be plain or mixed by what was measured, not by what was written", () => {
  expect(shown([flow({ mtls: false })])[reviews]?.mtls).toBe("plain");
  expect(shown([flow({}), flow({ mtls: false })])[reviews]?.mtls).toBe("mixed");
  expect(shown([flow({ to: undefined, mtls: false, outcome: "failed" })])[reviews]?.mtls).toBe("mutual");
});

test("what a gateway forwards came from outside, and goes on to whoever got it", () => {
  const from = "istio-ingress/istio-ingress";
  const found = shown([
    flow({ from, service: "bookinfo.example.com", to: "bookinfo/productpage-v1", perSecond: 4 }),
    flow({ from, service: "", to: undefined, mtls: false, perSecond: 1 }),
  ]);
  expect(Object.values(found).map(({ perSecond, mtls }) => [perSecond, mtls])).toEqual(
    expect.arrayContaining([
      [5, "plain"],
      [4, "mutual"],
    ]),
  );
  expect(Object.keys(found)).toHaveLength(2);
});

test("what is on no edge of the picture is left out", () => {
  expect(
    shown([flow({ service: "PassthroughCluster" }), flow({ from: "bookinfo/nobody" }), flow({ port: 1 })]),
  ).toEqual({});
});
