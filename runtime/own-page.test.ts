import { describe, expect, test } from "vitest";
import { foreign, type OwnPage } from "./own-page.ts";

const own: OwnPage = {
  called: { also: ["::ffff:10.1.2.3", "fd00::1", "Control.mesh.svc", undefined] },
  sites: ["same-origin", "none"],
};

describe("what is called by its addresses", () => {
  test("answers whoever dialled the address at which it was asked, or loopback's own", () => {
    for (const host of [
      "10.1.2.3",
      "10.1.2.3:9090",
      "[fd00::1]:9090",
      "control.mesh.svc:9090",
      "localhost:1",
      "LOCALHOST",
      "127.0.0.1",
      "127.0.0.7:80",
      "[::1]:80",
      undefined,
    ])
      expect(foreign({ host }, own), host).toBeUndefined();
  });

  test("is called by no name and no address besides", () => {
    for (const host of [
      "evil.test",
      "evil.test:9090",
      "127.0.0.1.evil.test",
      "127.evil.test",
      "evil.svc",
      "other.mesh.svc.evil.test",
      "intranet",
      "localhost.",
      "10.1.2.4",
      "0.0.0.0",
      "[::2]",
      "[",
      "",
    ])
      expect(foreign({ host }, own)?.status, host).toBe(421);
  });

  test("answers no page but its own, nor what another page links to or embeds", () => {
    const host = "10.1.2.3:9090";
    expect(foreign({ host, origin: `http://${host}`, "sec-fetch-site": "same-origin" }, own)).toBeUndefined();
    expect(foreign({ host, "sec-fetch-site": "none" }, own)).toBeUndefined();
    for (const origin of ["http://evil.test", "null", "http://10.1.2.3", `https://${host}`])
      expect(foreign({ host, origin }, own)?.status, origin).toBe(403);
    for (const site of ["cross-site", "same-site"])
      expect(foreign({ host, "sec-fetch-site": site }, own)?.status, site).toBe(403);
  });
});

test("what is called by one name and port has no other, and may be linked to where it says so", () => {
  const page: OwnPage = { called: { only: "127.0.0.1:8080" }, sites: "any" };
  expect(foreign({ host: "127.0.0.1:8080", "sec-fetch-site": "cross-site" }, page)).toBeUndefined();
  for (const host of ["127.0.0.1", "localhost:8080", "127.0.0.1:8081", undefined])
    expect(foreign({ host }, page)?.status, host).toBe(421);
});
