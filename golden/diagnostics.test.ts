import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { syncedGraph } from "../cli/graph/sync.ts";
import { compile } from "../compiler/pipeline.ts";
import { catalog, type Code } from "../lib/diagnostics/catalog.ts";

const pages = join(import.meta.dirname, "..", "docs", "diagnostics");
const codes = Object.keys(catalog) as Code[];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "meshwright-pages-"));
  await writeFile(
    join(folder, "mesh.config.ts"),
    `import { mesh } from "meshwright";\n\nexport default mesh({ folders: { ".": ["shop", "old"] }, environments: ["production"], defaults: { mtls: "strict", access: "anyone" } });\n`,
  );
  const { diagnostics } = await syncedGraph(
    [join(pages, "example", "manifests.yaml")],
    { mesh: folder, namespace: "shop", subsetLabel: "version" },
    false,
  );
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
});

const compiledWith = async (module: string, text: string): ReturnType<typeof compile> => {
  const path = join(folder, module);
  const before = await readFile(path, "utf8").catch(() => undefined);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  try {
    return await compile(folder, { types: false });
  } finally {
    await (before === undefined ? rm(path) : writeFile(path, before));
  }
};

afterAll(() => rm(folder, { recursive: true, force: true }));

test("every code has a page that bears its name", async () => {
  for (const code of codes) {
    const page = await readFile(join(pages, `${code}.md`), "utf8").catch(() => undefined);
    expect(page, `docs/diagnostics/${code}.md`).toBeDefined();
    expect(page).toMatch(new RegExp(`^# ${code} ${catalog[code].name}\\n`));
    expect(page, `${code} shows what fails`).toMatch(/```/);
  }
});

test("every code is reported by something", async () => {
  const root = join(import.meta.dirname, "..");
  const sources = (
    await Promise.all(
      ["lib", "compiler", "cli", "targets"].map((name) =>
        readdir(join(root, name), { recursive: true, withFileTypes: true }),
      ),
    )
  )
    .flat()
    .filter(
      (entry) =>
        entry.isFile() &&
        entry.name.endsWith(".ts") &&
        !entry.name.includes(".test") &&
        !entry.parentPath.includes("catalog"),
    );
  const text = (await Promise.all(sources.map((entry) => readFile(join(entry.parentPath, entry.name), "utf8")))).join(
    "\n",
  );
  expect(codes.filter((code) => !text.includes(`"${code}"`))).toEqual([]);
});

test("every page is about a code that there is", async () => {
  const written = (await readdir(pages))
    .filter((name) => name.startsWith("MESH"))
    .map((name) => name.replace(".md", ""));
  expect(written.sort()).toEqual([...codes].sort());
});

describe("the example of a page produces its code", () => {
  // What loading, manifests and output report has tests beside it: compiler/load, compiler/discover, cli.
  let around: readonly string[];
  beforeAll(async () => {
    const plain = `import { policy } from "meshwright";\nimport { alpha } from "#graph/shop";\n\nexport default policy(alpha, {});\n`;
    around = (await compiledWith("shop/example.ts", plain)).diagnostics.map(({ code }) => code);
  });
  const compiled = codes.filter((code) => /^MESH([123]|405)/.test(code));
  test.each(compiled)("%s", async (code) => {
    const page = await readFile(join(pages, `${code}.md`), "utf8");
    const example = /```ts\n([\s\S]*?)```/.exec(page)?.[1];
    expect(example, "a fenced block of TypeScript").toBeDefined();
    const isConfig = example!.startsWith("// mesh.config.ts");
    const module = isConfig ? "mesh.config.ts" : join(code === "MESH3010" ? "old" : "shop", "example.ts");
    const { diagnostics } = await compiledWith(module, example!);
    expect(diagnostics.map((diagnostic) => diagnostic.code)).toContain(code);
    // What the manifests around it give occasion for is not the example's.
    if (code !== "MESH4054") expect(around).not.toContain(code);
  });
});
