import { readFileSync } from "node:fs";
import { join } from "node:path";
import { libraryPrefix } from "./linking/import-target.ts";
import { extension, libraryFolder } from "./installation.ts";

export const libraryText = (module: string): string =>
  readFileSync(join(libraryFolder, module.slice(libraryPrefix.length).replace(/\.ts$/, extension)), "utf8");

/** What the type check resolves "meshwright" to. */
export const libraryEntry = join(libraryFolder, extension === ".ts" ? "index.ts" : "index.d.ts");
