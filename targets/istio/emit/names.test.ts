import { expect, test } from "vitest";
import { nameOfGatewayHost, withDistinctNames } from "./names.ts";

test("a gateway's host is readable in its rule's name", () => {
  expect(nameOfGatewayHost({ namespace: "edge", name: "gw" }, "*.a.example")).toBe(
    "gateway-wildcard.edge.gw.a.example",
  );
});

test("gateways and hosts that could be read in two ways have two names", () => {
  const one = nameOfGatewayHost({ namespace: "edge", name: "solo" }, "b.c.com");
  const other = nameOfGatewayHost({ namespace: "edge", name: "solo.b" }, "c.com");
  expect(one).not.toBe(other);
});

test("no name is longer than Kubernetes takes, nor ends in what it refuses", () => {
  const label = "a".repeat(60);
  const host = (last: string): string => [label, label, label, last].join(".");
  const names = ["x", "y"].map((last) => nameOfGatewayHost({ namespace: "edge", name: "gw" }, host(last.repeat(50))));
  for (const name of names) expect([name.length <= 253, /^[a-z0-9.-]*[a-z0-9]$/.test(name)]).toEqual([true, true]);
  expect(new Set(names).size).toBe(2);
});

test("two objects with one name are never written", () => {
  const object = { apiVersion: "v1", kind: "A", metadata: { namespace: "a", name: "b" }, spec: {} };
  expect(() => withDistinctNames([object, object])).toThrow("A a/b");
});
