import { expect, test } from "vitest";
import type { Commit } from "./commit.ts";
import { meshTree } from "./mesh-tree.ts";
import { objectId, type ObjectStore } from "./object.ts";
import { treeEntries, treeReader } from "./tree.ts";

type Entry = readonly [mode: string, name: string, id: string];

const entry = ([mode, name, id]: Entry): Buffer =>
  Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]);

/** A store of trees in memory that counts what is asked of it. */
const trees = () => {
  const held = new Map<string, Buffer>();
  const asked: string[] = [];
  const store: ObjectStore = {
    partial: false,
    object: async (id) => {
      asked.push(id);
      const bytes = held.get(id);
      return bytes && { type: "tree", bytes };
    },
  };
  const tree = (entries: readonly Entry[]): string => {
    const bytes = Buffer.concat(entries.map(entry));
    const id = objectId("tree", bytes);
    held.set(id, bytes);
    return id;
  };
  const read = (top: string, files: number) => {
    const commit: Commit = { id: "c".repeat(40), tree: top, parents: [] };
    return meshTree(store, commit, "", "main", { files, bytes: 2 ** 30 });
  };
  return { store, asked, tree, read };
};
const file = "f".repeat(40);
const many = (count: number): readonly Entry[] =>
  Array.from({ length: count }, (_, nth) => ["100644", String(nth).padStart(6, "0"), file] as const);

test("a tree that is larger than any folder is not parsed", () => {
  // Of zeros: parsed, it is said to be no tree.
  expect(() => treeEntries(file, Buffer.alloc(9 * 2 ** 20))).toThrow("it is a tree of more than 8 MiB");
});

test("of a tree with too many entries, one too many is read", () => {
  const bytes = Buffer.concat([...many(3).map(entry), Buffer.from("no entry")]);
  expect(treeEntries(file, bytes, { most: 2 }).map(({ name }) => name)).toEqual(["000000", "000001", "000002"]);
  expect(() => treeEntries(file, bytes, { most: 3 })).toThrow("it is no tree");
});

test.each([
  ["100644", "100644"],
  ["100644", "40000"],
  ["40000", "120000"],
])("two entries of one name (%s, %s) are none", (first, second) => {
  const bytes = Buffer.concat([entry([first, "a", file]), entry([second, "a", "e".repeat(40)])]);
  expect(() => treeEntries(file, bytes, { path: "lib/" })).toThrow(/lib\/a.*two entries of this name/);
});

test("what is skipped counts", async () => {
  const { tree, read } = trees();
  const inner = tree([["40000", "node_modules", file]]);
  const top = tree([...many(4).map(([, name]): Entry => ["40000", name, inner]), ["100644", "mesh.config.ts", file]]);
  await expect(read(top, 8)).rejects.toThrow("more than 8 files");
  expect((await read(top, 9)).folders).toHaveLength(4);
});

test("trees are read once while they are small, and not kept without end", async () => {
  const { store, asked, tree } = trees();
  const [small, ...large] = [10, 100_000, 100_001, 100_002].map((count) => tree(many(count)));
  const read = treeReader(store, () => new Error("missing"));
  await read(small!, "a");
  await read(small!, "b");
  expect(asked).toEqual([small]);
  // Each takes 3 MiB.
  for (const id of [...large, ...large]) await read(id, "c");
  expect(asked).toEqual([small, ...large, ...large]);
  await read(large.at(-1)!, "d", 10);
  expect(asked).toHaveLength(7);
  expect(await read(large[0]!, "e", 10)).toHaveLength(11);
  expect(await read(large[0]!, "f")).toHaveLength(100_000);
});
