import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { deploymentText, discovered, documents, serviceText, underlined } from "../discover/fixture.ts";
import { graphFiles, type Snapshot } from "./graph-files.ts";
import { replacedGraph } from "./graph-folder.ts";
import { readSnapshot } from "./read-snapshot.ts";

const snapshot = (): Snapshot => {
  const { value } = discovered(
    documents(
      serviceText({ name: "a" }),
      deploymentText({ name: "a", labels: { app: "a", version: "v1" } }),
      deploymentText({ name: "b" }),
    ),
  );
  return { graph: value!.graph, platform: value!.platform, options: { namespace: "default", subsetLabel: "version" } };
};
const written = async (): Promise<string> => {
  const mesh = await mkdtemp(join(tmpdir(), "meshwright-"));
  expect(await replacedGraph(mesh, graphFiles(snapshot()))).toBeUndefined();
  return mesh;
};
const edited = async (file: string, edit: (text: string) => string | Buffer) => {
  const mesh = await written();
  const path = join(mesh, "graph", file);
  const text = await readFile(path, "utf8");
  const changed = edit(text);
  expect(changed).not.toBe(text);
  await writeFile(path, changed);
  const { value, diagnostics } = await readSnapshot(mesh);
  expect(value).toBeUndefined();
  expect(diagnostics).toHaveLength(1);
  return { found: diagnostics[0]!, underlined: underlined(changed.toString(), diagnostics[0]!) };
};

test("what was written is what is read", async () => {
  expect(await readSnapshot(await written())).toEqual({ value: snapshot(), diagnostics: [] });
});

test("a snapshot from a newer version says to upgrade", async () => {
  const { found, underlined } = await edited("snapshot.json", (text) => text.replace('"version": 1', '"version": 2'));
  expect(found).toMatchObject({ code: "MESH4031", fix: expect.stringContaining("upgrade") });
  expect(underlined).toBe("2");
});

const damages: readonly (readonly [string, string, (text: string) => string, string, string])[] = [
  [
    "a protocol that is none",
    "snapshot.json",
    (text) => text.replace('"protocol": "http"', '"protocol": "htp"'),
    "MESH4032",
    '"htp"',
  ],
  ["a port out of range", "snapshot.json", (text) => text.replace('"number": 80', '"number": 0'), "MESH4032", "0"],
  [
    "a workload that is not there",
    "snapshot.json",
    (text) => text.replace('"shop/a"', '"shop/z"'),
    "MESH4032",
    '"shop/z"',
  ],
  [
    "a subset of others' workloads",
    "snapshot.json",
    (text) => text.replace(/("v1"\s+\},\s+"workloads": \[\s+)"shop\/a"/, '$1"shop/b"'),
    "MESH4032",
    '"shop/b"',
  ],
  [
    "a name that would escape",
    "snapshot.json",
    (text) => text.replace('"name": "a"', '"name": "../a"'),
    "MESH4032",
    '"../a"',
  ],
  [
    "a property that nothing reads",
    "snapshot.json",
    (text) => text.replace('"selector"', '"selektor"'),
    "MESH4032",
    "",
  ],
  [
    "a merge conflict",
    "snapshot.json",
    (text) => text.replace('  "version": 1,', '<<<<<<< ours\n  "version": 1,\n=======\n>>>>>>> theirs'),
    "MESH4032",
    "<",
  ],
  ["half a file", "snapshot.json", (text) => text.slice(0, text.length / 2), "MESH4032", ""],
  ["an empty file", "snapshot.json", () => "", "MESH4032", ""],
  ["a comment", "snapshot.json", (text) => `# mine\n${text}`, "MESH4032", "#"],
  [
    "a word for true",
    "platform.json",
    (text) => text.replace('"autoMtls": true', '"autoMtls": "yes"'),
    "MESH4032",
    '"yes"',
  ],
  ["a release that is none", "platform.json", (text) => text.replace('"1.31.1"', '"latest"'), "MESH4032", '"latest"'],
];

test.for(damages)("%s is refused with its place", async ([, file, edit, code, place]) => {
  const { found, underlined } = await edited(file, edit);
  expect(found.code).toBe(code);
  if (place !== "") expect(underlined).toBe(place);
  expect(found.place).toBeDefined();
});

test("bytes that are no UTF-8 are refused", async () => {
  const { found } = await edited("platform.json", (text) => Buffer.concat([Buffer.from(text), Buffer.from([0xff])]));
  expect(found.code).toBe("MESH4002");
});

test("a graph that is out of order is refused: equal graphs have equal bytes", async () => {
  const { found } = await edited("snapshot.json", (text) => {
    const value = JSON.parse(text);
    value.graph.workloads.reverse();
    return JSON.stringify(value);
  });
  expect(found.message).toContain("graph.workloads[1]");
});

test("a mesh without a graph is told to sync", async () => {
  const mesh = await mkdtemp(join(tmpdir(), "meshwright-"));
  expect(
    (await readSnapshot(mesh)).diagnostics.map(({ code, fix }) => `${code} ${fix?.includes("graph sync")}`),
  ).toContain("MESH4030 true");
  const half = await written();
  await rm(join(half, "graph/platform.json"));
  expect((await readSnapshot(half)).diagnostics.map(({ code }) => code)).toEqual(["MESH4030"]);
});

test("an interrupted sync is recognised, and the next one heals it", async () => {
  const mesh = await written();
  await rename(join(mesh, "graph"), join(mesh, ".graph.old"));
  expect((await readSnapshot(mesh)).diagnostics.map(({ code }) => code)).toEqual(["MESH4036"]);
  expect(await replacedGraph(mesh, graphFiles(snapshot()))).toBeUndefined();
  expect((await readSnapshot(mesh)).value).toEqual(snapshot());
});
