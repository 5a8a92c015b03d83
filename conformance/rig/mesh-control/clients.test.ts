import { describe, expect, test } from "vitest";
import { clientBehind, type Client } from "./clients.ts";

const node = "shop/alpha-v1/alpha-v1-3";
const client = (of: Partial<Client> = {}): Client => ({
  node,
  workload: "shop/alpha-v1",
  synced: true,
  serial: 7,
  refusals: [],
  ...of,
});
const behind = (clients: readonly Client[], served = 7) =>
  clientBehind({ revision: { serial: served }, clients }, node, 7);

describe("a proxy works by a state", () => {
  test("once it is synced with it, or with a later one", () => {
    expect(behind([client()])).toBeUndefined();
    expect(behind([client({ serial: 8 })], 8)).toBeUndefined();
  });

  test("not while its control plane serves an older one, whatever the proxy is synced with", () => {
    expect(behind([client({ serial: 6 })], 6)?.why).toContain("serves state 6, not 7");
  });

  test("not while it is connected under no name, or under another pod's", () => {
    expect(behind([])?.why).toContain("not connected");
    expect(behind([client({ node: "shop/alpha-v1/alpha-v1-2" })])?.why).toContain("not connected");
  });

  test("not while it has something older, or has not acknowledged this", () => {
    expect(behind([client({ serial: 6 })])?.why).toContain("was last sent state 6");
    expect(behind([client({ synced: false })])?.why).toContain("has not acknowledged state 7");
  });

  test("not while it refuses something, in its own words", () => {
    const refused = behind([client({ refusals: [{ message: "no such filter" }] })]);
    expect(refused).toEqual({ why: `the proxy of ${node} refuses: no such filter`, isRefusal: true });
  });

  test("not by a refusal of what its control plane no longer serves", () => {
    expect(behind([client({ serial: 6, refusals: [{ message: "no such filter" }] })], 6)?.isRefusal).toBe(false);
  });

  test("by the newer of two connections", () => {
    expect(behind([client({ serial: 5, synced: false }), client()])).toBeUndefined();
  });
});
