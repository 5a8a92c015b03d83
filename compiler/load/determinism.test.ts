import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const good: Readonly<Record<string, string>> = {
  "mesh.config.ts":
    'import { mesh } from "meshwright";\nexport default mesh({ folders: { ".": ["shop"] }, environments: ["production"], defaults: { mtls: "strict", access: "nobody" } });\n',
  "words.ts": 'export const words = ["ä", "z", "a", "Z", "é", "e\u0301", "I", "ı", "ß"];\n',
  "b.ts": `import { vary } from "meshwright";
import { words } from "./words.ts";
export default {
  sorted: words.toSorted(),
  compared: words.toSorted((a, b) => a.localeCompare(b)),
  told: [(1234567.891).toLocaleString(), "TITLE I".toLocaleLowerCase(), ["a", 1].toLocaleString(), (12n).toLocaleString()],
  varied: vary({ default: 1, production: 2 }),
  keys: Object.keys({ b: 1, a: 2, 10: 3, 9: 4 }),
};
`,
  "B0.ts": "let count = 0;\nexport const next = () => (count += 1);\nexport default { first: next() };\n",
  "c/c.ts": 'import { next } from "../B0.ts";\nexport default { next: next() };\n',
  "a.ts": 'import { next } from "./B0.ts";\nexport default { next: next() };\n',
};

const bad: Readonly<Record<string, string>> = {
  ...good,
  "clock.ts": "export default { at: new Date() };\n",
  "type.ts": 'const a: number = "x";\nexport default { a };\n',
  "cycle.ts": 'import "./cycle.ts";\n',
  "throws.ts": "export default [() => 1, 1n];\n",
};

const entry = fileURLToPath(new URL("./index.ts", import.meta.url));
const script = `
  const { load, locate } = await import(${JSON.stringify(entry)});
  const [folder, types] = process.argv.slice(1);
  const loaded = await load(folder, { types: types === "types", environment: "production" });
  const origins = [{ module: "b.ts", path: ["sorted", 1] }, { module: "b.ts", path: ["varied"] }, { module: "c/c.ts", path: ["next"] }];
  const spans = [...(await locate(folder, { types: false }, origins)).entries()];
  process.stdout.write(JSON.stringify({ loaded, spans }));
`;

const folderOf = (files: Readonly<Record<string, string>>, reversed: boolean): string => {
  const folder = mkdtempSync(join(tmpdir(), reversed ? "meshwright-z-" : "meshwright-a-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const entries = Object.entries(files);
  for (const [name, text] of reversed ? entries.toReversed() : entries) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
};

const run = async (
  node: string,
  folder: string,
  types: boolean,
  env: NodeJS.ProcessEnv,
  cwd: string,
): Promise<string> => {
  const child = spawn(node, ["--no-warnings", "--input-type=module", "-e", script, folder, types ? "types" : ""], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  for await (const chunk of child.stdout) output += String(chunk);
  return output;
};

/** Continuous integration names the other supported versions of Node here. */
const nodes = [
  process.execPath,
  ...(process.env["MESHWRIGHT_NODES"] ?? "").split(delimiter).filter((path) => path !== ""),
];

test.each([
  ["what loads", good],
  ["what fails", bad],
])("equal bytes on every Node, in any time zone, language, working folder and order of files: %s", async (_, files) => {
  const outputs: string[] = [];
  for (const node of nodes) {
    outputs.push(
      await run(
        node,
        folderOf(files, false),
        true,
        { TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8" },
        "/",
      ),
      await run(
        node,
        folderOf(files, true),
        true,
        { TZ: "America/St_Johns", LANG: "sv_SE.UTF-8", LC_ALL: "C" },
        tmpdir(),
      ),
    );
  }
  expect(outputs[0]).toContain(files === good ? '"sorted"' : "MESH00");
  for (const output of outputs) expect(output).toBe(outputs[0]);
});

test("what loads is the same with and without the type check", async () => {
  const folder = folderOf(good, false);
  expect(await run(process.execPath, folder, false, {}, "/")).toBe(await run(process.execPath, folder, true, {}, "/"));
});
