import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { discover } from "./index.ts";

const pages = new URL("../../docs/diagnostics/", import.meta.url);
const mine = (await readdir(pages)).filter((name) => /^MESH40[0-4]\d\.md$/.test(name)).sort();
const examples = await Promise.all(
  mine.map(async (name) => ({
    code: name.slice(0, -".md".length),
    example: /```yaml\n(.*?)```/s.exec(await readFile(new URL(name, pages), "utf8"))?.[1],
  })),
);
const manifests = examples.flatMap(({ code, example }) => (example === undefined ? [] : [{ code, example }]));

test("most pages about manifests show one", () => {
  expect(manifests.length).toBeGreaterThan(20);
});

test.for(manifests)("the example on the page of $code is what it speaks of", async ({ code, example }) => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-"));
  await writeFile(join(folder, "example.yaml"), example);
  const { diagnostics } = await discover(["example.yaml"], {}, { folder });
  expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
  // A page explains one thing: only notes about what is not among the inputs may stand beside it.
  const beside = new Set(["MESH4007", "MESH4014", "MESH4016", "MESH4018", "MESH4026", code]);
  expect(diagnostics.map((diagnostic) => diagnostic.code).filter((each) => !beside.has(each))).toEqual([]);
});
