import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { isListenedAt, isOnThisMachine, ownAddresses } from "./own-machine.ts";

test("an application calls from loopback, from an address of its machine, or from the one that it dials", () => {
  const own = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
  for (const remoteAddress of ["127.0.0.1", "127.0.0.6", "::1", "::ffff:127.0.0.1", ...own])
    expect(isOnThisMachine({ remoteAddress, localAddress: "10.96.7.1" })).toBe(true);
  expect(isOnThisMachine({ remoteAddress: "10.96.7.1", localAddress: "10.96.7.1" })).toBe(true);
});

test("whoever calls from elsewhere is no application of this machine, nor is one whose address nobody knows", () => {
  expect(isOnThisMachine({ remoteAddress: "192.0.2.1", localAddress: "10.96.7.1" })).toBe(false);
  expect(isOnThisMachine({ remoteAddress: undefined, localAddress: "10.96.7.1" })).toBe(false);
});

test("an address that the machine no longer has is not believed any longer than one that it does not have yet", () => {
  let [told, time] = [["192.0.2.1"], 0];
  const isOwn = ownAddresses(
    () => told,
    () => time,
  );
  expect(isOwn("192.0.2.1")).toBe(true);
  told = ["192.0.2.2"];
  time = 999;
  expect([isOwn("192.0.2.1"), isOwn("192.0.2.2")]).toEqual([true, false]);
  time = 1000;
  expect([isOwn("192.0.2.1"), isOwn("192.0.2.2")]).toEqual([false, true]);
});

test("who listens everywhere is reached at every address of the machine, who listens at one at that", () => {
  const listeners = [
    { address: "0.0.0.0", port: 80 },
    { address: "192.0.2.1", port: 81 },
  ];
  const reached = (address: string, port: number): boolean => isListenedAt({ address, port }, listeners);
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "::"]) expect(reached(address, 80)).toBe(true);
  expect([reached("192.0.2.1", 81), reached("192.0.2.1", 80), reached("127.0.0.1", 81)]).toEqual([true, false, false]);
});
