import { lstatSync, mkdtempSync, readdirSync, realpathSync, rm } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A private folder of this process, made after those that killed runs left under the same prefix are taken away. */
export const temporaryFolder = (prefix: `meshwright-${string}-`): string => {
  const parent = realpathSync(tmpdir());
  removeLeftovers(parent, prefix);
  return mkdtempSync(join(parent, prefix));
};

/** A younger one may still be at work. */
const removeLeftovers = (parent: string, prefix: string): void => {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const age = Date.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    // Another user's cannot be removed.
    if (age > 3_600_000) rm(path, { recursive: true, force: true }, () => undefined);
  }
};
