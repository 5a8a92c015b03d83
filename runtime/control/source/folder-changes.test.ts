import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { folderChanges, type Changes } from "./folder-changes.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "meshwright-changes-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string): void => writeFileSync(join(folder, name), `${Math.random()}\n`);

test("a change with nothing after it is told early, and then the very same", async () => {
  const changes = await folderChanges(folder);
  const early: Changes[] = [];
  const next = changes.next((some) => early.push(some));
  write("a.ts");
  const all = await next;
  expect(all).toEqual(new Set(["a.ts"]));
  expect(early).toHaveLength(1);
  expect(early[0]).toBe(all);
  changes.close();
});

test("what follows an early word is told with it, as something else", async () => {
  const changes = await folderChanges(folder);
  const early: Changes[] = [];
  const all = changes.next((some) => {
    early.push(some);
    write("b.ts");
  });
  write("a.ts");
  expect(await all).toEqual(new Set(["a.ts", "b.ts"]));
  expect(early).toEqual([new Set(["a.ts"])]);
  changes.close();
});

test("whoever waits is told of the end", async () => {
  const changes = await folderChanges(folder);
  const next = changes.next();
  changes.close();
  expect(await next).toBeUndefined();
});
