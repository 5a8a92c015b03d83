import { readFileSync, readdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { libraryPrefix } from "./import-target.ts";

/** Our own library, where this compiler stands: TypeScript in the source tree, JavaScript in a package. */
const folder = realpathSync(fileURLToPath(new URL("../../lib/intent/", import.meta.url)));
const extension = readdirSync(folder).includes("index.ts") ? ".ts" : ".js";

export const libraryText = (module: string): string =>
  readFileSync(join(folder, module.slice(libraryPrefix.length).replace(/\.ts$/, extension)), "utf8");

/** What the type check resolves "meshwright" to. */
export const libraryEntry = join(folder, extension === ".ts" ? "index.ts" : "index.d.ts");
