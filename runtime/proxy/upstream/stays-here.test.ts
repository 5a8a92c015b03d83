import { expect, test } from "vitest";
import { staysHere } from "./stays-here.ts";

test("an address of this machine is known by the kernel's own routes, also one that is none", async () => {
  expect(await staysHere("127.0.0.1")).toBe(true);
  for (const elsewhere of ["192.0.2.1", "255.255.255.255", "2001:db8::1"])
    expect(await staysHere(elsewhere)).toBe(false);
});
