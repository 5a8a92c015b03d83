import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { isOnThisMachine } from "./own-machine.ts";

test("an application calls from loopback, from an address of its machine, or from the one that it dials", () => {
  const own = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
  for (const remoteAddress of ["127.0.0.1", "127.0.0.6", "::1", ...own])
    expect(isOnThisMachine({ remoteAddress, localAddress: "10.96.7.1" })).toBe(true);
  expect(isOnThisMachine({ remoteAddress: "10.96.7.1", localAddress: "10.96.7.1" })).toBe(true);
});

test("whoever calls from elsewhere is no application of this machine, nor is one whose address nobody knows", () => {
  expect(isOnThisMachine({ remoteAddress: "192.0.2.1", localAddress: "10.96.7.1" })).toBe(false);
  expect(isOnThisMachine({ remoteAddress: undefined, localAddress: "10.96.7.1" })).toBe(false);
});
