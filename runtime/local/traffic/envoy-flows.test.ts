import { join } from "node:path";
import { expect, test } from "vitest";
import { compile } from "../../../compiler/pipeline.ts";
import { envoyTotals } from "./envoy-flows.ts";

const { value } = await compile(join(import.meta.dirname, "../../../policies/bookinfo"), { types: false });
const { mesh } = value!;

const totals = (from: string, ...lines: readonly string[]) => envoyTotals(from, lines.join("\n"), mesh);

test("answers are counted by cluster, once, and codes become outcomes", () => {
  const reviews = "cluster.outbound|9080|v1|reviews.bookinfo.svc.cluster.local";
  expect(
    totals(
      "bookinfo/productpage-v1",
      `${reviews}.external.upstream_rq_200: 25`,
      `${reviews}.upstream_rq_200: 25`,
      `${reviews}.upstream_rq_2xx: 25`,
      `${reviews}.upstream_rq_total: 30`,
      `${reviews}.upstream_rq_403: 2`,
      `${reviews}.upstream_rq_503: 3`,
      `${reviews}.retry.upstream_rq_503: 1`,
      `${reviews}.ssl.handshake: 1`,
      "cluster.outbound|9080||details.bookinfo.svc.cluster.local.upstream_rq_200: 4",
      "cluster.outbound|9080||details.bookinfo.svc.cluster.local.ssl.handshake: 0",
      "cluster.outbound|9080||gone.bookinfo.svc.cluster.local.upstream_rq_200: 9",
      "cluster.BlackHoleCluster.upstream_cx_destroy: 9",
    ),
  ).toEqual([
    ...[
      ["answered", 25],
      ["refused", 2],
      ["failed", 3],
    ].map(([outcome, count]) => ({
      from: "bookinfo/productpage-v1",
      service: "reviews.bookinfo.svc.cluster.local",
      port: 9080,
      to: "bookinfo/reviews-v1",
      mtls: true,
      outcome,
      count,
    })),
    {
      from: "bookinfo/productpage-v1",
      service: "details.bookinfo.svc.cluster.local",
      port: 9080,
      to: "bookinfo/details-v1",
      mtls: false,
      outcome: "answered",
      count: 4,
    },
  ]);
});

test("a gateway does not say at which port it was asked", () => {
  expect(
    totals(
      "istio-ingress/istio-ingress",
      "cluster.outbound|9080||productpage.bookinfo.svc.cluster.local.upstream_rq_200: 40",
    ),
  ).toMatchObject([{ port: undefined, to: "bookinfo/productpage-v1", count: 40 }]);
});
