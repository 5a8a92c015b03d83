import { describe, expect, test } from "vitest";
import type { Told } from "../../../runtime/control/views.ts";
import { clientBehind, type ShownClient } from "./held.ts";

const node = "shop/one/one-11";
const resources = (versions: Readonly<Record<string, string>>): Told["cluster"] =>
  new Map(
    Object.entries(versions).map(([name, version]) => [name, { name, version, bytes: new Uint8Array(), origins: [] }]),
  );
const wanted: Told = {
  cluster: resources({ a: "2", b: "1" }),
  endpoints: resources({ a: "2", b: "1" }),
  listener: resources({ in: "1" }),
  routes: resources({ 80: "3", 9080: "1" }),
  proxyConfig: resources({}),
};
const versions = {
  cluster: { a: "2", b: "1" },
  endpoints: { a: "2" },
  listener: { in: "1" },
  routes: { 80: "3" },
};
const client = (of: Partial<Record<keyof Told, Readonly<Record<string, string>>>> = {}): ShownClient => ({
  node,
  synced: true,
  types: Object.fromEntries(
    Object.entries({ ...versions, ...of }).map(([type, acknowledged]) => [type, { acknowledged }]),
  ),
  refusals: [],
});
const behind = (...clients: readonly ShownClient[]) => clientBehind(clients, node, wanted);

describe("a proxy works by what it should have been told", () => {
  test("once it acknowledged these contents: what it asks for, and all clusters and listeners", () => {
    expect(behind(client())).toBeUndefined();
    expect(behind(client({ cluster: { a: "2" } }))?.why).toContain("of the type cluster");
    expect(behind(client({ listener: {} }))?.why).toContain("of the type listener");
    expect(behind(client({ routes: { 80: "2" } }))?.why).toContain("of the type routes");
    expect(behind(client({ endpoints: { a: "1" } }))?.why).toContain("of the type endpoints");
  });

  test("while clusters that it should have no more are drained, but with no other listener", () => {
    expect(behind(client({ cluster: { ...versions.cluster, gone: "1" } }))).toBeUndefined();
    expect(behind(client({ listener: { ...versions.listener, gone: "1" } }))?.why).toContain("of the type listener");
  });

  test("not while something is unacknowledged, it is away, or it refuses something", () => {
    expect(behind({ ...client(), synced: false })?.why).toContain("has not acknowledged");
    expect(behind({ ...client(), node: "shop/one/one-12" })?.why).toContain("not connected");
    expect(behind({ ...client(), refusals: [{ message: "no such filter" }] })).toEqual({
      why: `the Envoy of ${node} refuses: no such filter`,
      isRefusal: true,
    });
  });

  test("by the newer of two connections", () => {
    expect(behind({ ...client(), synced: false }, client())).toBeUndefined();
  });
});
