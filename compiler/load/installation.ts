import { readdirSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Where this compiler's own files lie, of which it reads some as texts and runs some in processes of their own: in the
 * source tree as TypeScript, in a package as JavaScript. A module of its own, because a bundle moves the others.
 */
export const libraryFolder = realpathSync(fileURLToPath(new URL("../../lib/intent/", import.meta.url)));
export const sandboxFolder = fileURLToPath(new URL("./sandbox/", import.meta.url));
export const extension = readdirSync(libraryFolder).includes("index.ts") ? ".ts" : ".js";

/** A file that is run by itself, by its path in the source tree without the extension. */
export const programFile = (path: string): string =>
  fileURLToPath(new URL(`../../${path}${extension}`, import.meta.url));
