import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Diagnostic } from "../../lib/diagnostics/diagnostic.ts";
import { load, type LoadOptions } from "./index.ts";

/** A mesh folder for one test: these files and, unless it is among them, a config that says nothing. */
export const meshOf = (files: Readonly<Record<string, string | Buffer>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ "mesh.config.ts": "export default {};\n", ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
};

/** Limits that end a test soon and still leave room for a busy machine. */
const limits = { seconds: 1.5, megabytes: 128, resultMegabytes: 2 };

export const loaded = (
  files: Readonly<Record<string, string | Buffer>>,
  options: Partial<LoadOptions> = {},
): ReturnType<typeof load> => load(meshOf(files), { types: false, limits, ...options });

/** The default export of `a.ts`, which must load without any diagnostic. */
export const valueOf = async (text: string, others: Readonly<Record<string, string>> = {}): Promise<unknown> => {
  const { value, diagnostics } = await loaded({ "a.ts": text, ...others });
  if (value === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return value.modules[0]?.value;
};

/** `CODE file: underlined text`, one line each: what a reader of the report sees first. */
export const told = (
  files: Readonly<Record<string, string | Buffer>>,
  diagnostics: readonly Diagnostic[],
): readonly string[] =>
  diagnostics.map(({ code, place }) => {
    if (place === undefined || !("span" in place)) return code;
    const { file, start, end } = place.span;
    const text = files[file];
    return `${code} ${file}: ${(text ?? "").toString().slice(start, end)}`;
  });

/** What loading one module `a.ts` tells. */
export const toldOf = async (text: string, options: Partial<LoadOptions> = {}): Promise<readonly string[]> => {
  const files = { "a.ts": text };
  return told(files, (await loaded(files, options)).diagnostics);
};

/**
 * The same for many modules at once: those of which linking already tells something in one mesh, the others in another.
 * Each is told as if it were alone in `a.ts`.
 */
export const toldOfEach = async (texts: readonly string[]): Promise<readonly (readonly string[])[]> => {
  const results = texts.map((): string[] => []);
  const load = async (indexes: readonly number[]): Promise<void> => {
    const files = Object.fromEntries(indexes.map((index) => [`t${String(index)}.ts`, texts[index]!]));
    for (const line of told(files, (await loaded(files)).diagnostics)) {
      const [, code, index, text] = /^(MESH\d+) t(\d+)\.ts: ([^]*)$/.exec(line)!;
      results[Number(index)]!.push(`${code!} a.ts: ${text!}`);
    }
  };
  await load([...texts.keys()]);
  await load([...texts.keys()].filter((index) => results[index]!.length === 0));
  return results;
};

/** Made when first asked for, then kept. */
export const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
};
