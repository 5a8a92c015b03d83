import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { strangers } from "./strangers.ts";

const limits = { connections: 4, strangers: 3, strangersPerNetwork: 2, strangerMs: 1_000_000 };
const from = (address: string, port: number) => ({ address, port, cut: () => undefined });

test("one network has so many strangers, and all together so many", () => {
  const book = strangers(limits, () => undefined);
  expect(book.arrived(from("10.0.0.1", 1))).toBeUndefined();
  expect(book.arrived(from("10.0.0.1", 2))).toBeUndefined();
  expect(book.arrived(from("10.0.0.1", 3))).toMatch(/one network/);
  expect(book.arrived(from("10.0.0.2", 1))).toBeUndefined();
  expect(book.arrived(from("10.0.0.3", 1))).toMatch(/strangers$/);
});

test("whoever is known makes room for strangers, and counts as a connection until it leaves", () => {
  const book = strangers(limits, () => undefined);
  for (const port of [1, 2, 3, 4]) {
    expect(book.arrived(from("10.0.0.1", port))).toBeUndefined();
    book.known(`10.0.0.1:${port}`);
  }
  expect(book.counts()).toEqual({ connections: 4, strangers: 0 });
  expect(book.arrived(from("10.0.0.2", 1))).toMatch(/connections$/);
  book.left(from("10.0.0.1", 1));
  expect(book.arrived(from("10.0.0.2", 1))).toBeUndefined();
});

test("a stranger whose time is up is cut; one that was known or left is not", async () => {
  const cut: number[] = [];
  const book = strangers({ ...limits, strangerMs: 5 }, () => undefined);
  for (const port of [1, 2]) book.arrived({ address: "10.0.0.1", port, cut: () => cut.push(port) });
  book.arrived({ address: "10.0.0.2", port: 3, cut: () => cut.push(3) });
  book.known("10.0.0.1:1");
  book.left(from("10.0.0.2", 3));
  await expect.poll(() => cut).toEqual([2]);
  await sleep(20);
  expect(cut).toEqual([2]);
});

test("a connection is cut by where it comes from, as long as it is there", () => {
  const cut: number[] = [];
  const book = strangers(limits, () => undefined);
  for (const port of [1, 2]) book.arrived({ address: "10.0.0.1", port, cut: () => cut.push(port) });
  book.known("10.0.0.1:1");
  book.left(from("10.0.0.1", 2));
  for (const port of [1, 2, 3]) book.cut(`10.0.0.1:${port}`);
  expect(cut).toEqual([1]);
});
