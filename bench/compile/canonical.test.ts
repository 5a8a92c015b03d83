import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { canonical } from "./canonical.ts";

const folder = mkdtempSync(join(tmpdir(), "meshwright-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const object = (name: string, hosts: readonly string[]) => ({
  kind: "Sidecar",
  metadata: { name, namespace: "a" },
  spec: { hosts },
});
const json = (name: string, value: unknown) => {
  writeFileSync(join(folder, name), JSON.stringify(value));
  return canonical(join(folder, name));
};

test("is the same for a list in any order and for YAML in several files", () => {
  const [one, two] = [object("one", ["b", "a"]), object("two", [])];
  mkdirSync(join(folder, "yaml/deep"), { recursive: true });
  writeFileSync(
    join(folder, "yaml/two.yaml"),
    "metadata:\n  namespace: a\n  name: two\nspec: { hosts: [] }\nkind: Sidecar\n",
  );
  writeFileSync(
    join(folder, "yaml/deep/one.yaml"),
    "spec: { hosts: [b, a] }\nkind: Sidecar\nmetadata: { name: one, namespace: a }\n",
  );
  const expected = json("ordered.json", [one, two]);
  expect(expected).toMatchObject({ objects: 2, kinds: { Sidecar: 2 } });
  expect(json("reversed.json", [two, one])).toEqual(expected);
  expect(canonical(join(folder, "yaml"))).toEqual(expected);
});

test("differs where a value, the order of a list or a field's presence differs", () => {
  const digests = [
    json("a.json", [object("one", ["a", "b"])]),
    json("b.json", [object("one", ["b", "a"])]),
    json("c.json", [object("one", ["a"])]),
    json("d.json", [{ ...object("one", ["a"]), spec: {} }]),
  ].map(({ sha256 }) => sha256);
  expect(new Set(digests).size).toBe(digests.length);
});
