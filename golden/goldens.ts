import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { compile, placementOf } from "../compiler/pipeline.ts";
import { nowhere, type Placement } from "../lib/graph/placement.ts";
import type { Mesh } from "../lib/model/mesh.ts";
import { normalForm } from "../lib/model/normal-form.ts";
import { istio } from "../targets/istio/index.ts";
import { native } from "../targets/native/index.ts";
import type { OutputFile } from "../targets/target.ts";
import { xds } from "../targets/xds/index.ts";

const repository = join(import.meta.dirname, "..");

/** Every example mesh with every environment that its goldens show; "" is none. */
export const examples: readonly { readonly mesh: string; readonly environment: string }[] = [
  { mesh: "bookinfo", environment: "" },
  { mesh: "bookinfo", environment: "production" },
  { mesh: "greeter", environment: "" },
];

/** What every stage makes of the examples, by path below `golden/`. */
export const made = async (): Promise<ReadonlyMap<string, string>> => {
  const files = new Map<string, string>();
  for (const { mesh, environment } of examples) {
    const { value, diagnostics } = await compile(
      join(repository, "policies", mesh),
      environment === "" ? {} : { environment },
    );
    const folder = join(mesh, environment || "default");
    files.set(
      join(folder, "diagnostics.json"),
      `${JSON.stringify(
        diagnostics.map(({ code, message }) => ({ code, message })),
        undefined,
        2,
      )}\n`,
    );
    if (value === undefined) continue;
    files.set(join(folder, "mesh.json"), `${JSON.stringify(normalForm(value.mesh), undefined, 2)}\n`);
    for (const { path, text } of istio.files(istio.emit(value.mesh))) files.set(join(folder, path), text);
    const placement = await placementOf(join(repository, "policies", mesh), value);
    // Where nobody says where things run, proxies could be told little that is worth reading.
    if (Object.keys(placement.value?.instances ?? {}).length === 0) continue;
    for (const { path, text } of placedFiles(value.mesh, placement.value ?? nowhere))
      files.set(join(folder, path), text);
  }
  return files;
};

const placedFiles = (mesh: Mesh, placement: Placement): readonly OutputFile[] => [
  ...xds.files(xds.emit(mesh, placement)),
  ...native.files(native.emit(mesh, placement)),
];

/** What is committed, by path below `golden/`: only the folders of examples. */
export const committed = async (): Promise<ReadonlyMap<string, string>> => {
  const files = new Map<string, string>();
  for (const mesh of new Set(examples.map((example) => example.mesh))) {
    const entries = await readdir(join(import.meta.dirname, mesh), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries) {
      if (!entry.isFile()) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(path.slice(import.meta.dirname.length + 1), await readFile(path, "utf8"));
    }
  }
  return files;
};

/** Makes the committed goldens anew; orphans go. */
export const update = async (): Promise<void> => {
  const files = await made();
  for (const path of (await committed()).keys()) if (!files.has(path)) await rm(join(import.meta.dirname, path));
  for (const [path, text] of files) {
    await mkdir(dirname(join(import.meta.dirname, path)), { recursive: true });
    await writeFile(join(import.meta.dirname, path), text);
  }
};
