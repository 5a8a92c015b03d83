import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/**
 * Makes the folders above; what goes wrong, whoever writes below them reports. Level by level: Node's own recursion
 * never ends on a file system that knows no folders but its own, such as /proc.
 */
export const withParents = async (path: string): Promise<void> => {
  const parent = dirname(resolve(path));
  if (existsSync(parent)) return;
  await withParents(parent);
  await mkdir(parent).catch(() => undefined);
};
