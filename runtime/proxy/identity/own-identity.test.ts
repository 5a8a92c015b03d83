import { expect, test } from "vitest";
import { spiffeIdIn } from "./own-identity.ts";

test("a certificate is of one SPIFFE id, written as SPIFFE has it", () => {
  const id = "spiffe://cluster.local/ns/shop/sa/server_1.a-b";
  expect(spiffeIdIn(`DNS:a, URI:${id}`)).toBe(id);
  for (const bad of [
    "DNS:a",
    `URI:${id}, URI:${id}`,
    "URI:spiffe://cluster.local",
    "URI:spiffe://cluster.local/",
    "URI:spiffe://cluster.local//a",
    "URI:spiffe://cluster.local/a/",
    "URI:spiffe://Cluster.local/a",
    "URI:spiffe://cluster.local:80/a",
    "URI:spiffe://cluster.local/a/../b",
    "URI:spiffe://cluster.local/./b",
    "URI:spiffe://cluster.local/a;By=b",
    'URI:spiffe://cluster.local/"a',
    "URI:spiffe://cluster.local/a=b",
    "URI:spiffe://cluster.local/%61",
    "URI:spiffe://cluster.local/a?b",
    `URI:spiffe://cluster.local/${"a".repeat(3000)}`,
  ])
    expect(spiffeIdIn(bad), bad).toBeUndefined();
});
