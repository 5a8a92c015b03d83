import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Whether a version is in a range such as `^22.22.2 || >=26`: those two operators are all that `engines` uses. */
export const isInRange = (version: string, range: string): boolean =>
  range.split("||").some((alternative) => {
    const [, operator, least = ""] = /^\s*(\^|>=)\s*(\S+)\s*$/.exec(alternative) ?? [];
    const [major] = numbers(version);
    return compared(version, least) >= 0 && (operator === ">=" || major === numbers(least)[0]);
  });

const numbers = (version: string): readonly number[] => version.split(".").map(Number);

const compared = (a: string, b: string): number => {
  for (const part of [0, 1, 2]) {
    const difference = (numbers(a)[part] ?? 0) - (numbers(b)[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
};

/** The Node that was installed beside this package, where there is one for this platform. */
const broughtNode = (): string | undefined => {
  const require = createRequire(import.meta.url);
  for (const name of [`node-${process.platform}-${process.arch}`, `node-bin-${process.platform}-${process.arch}`]) {
    try {
      const binary = join(dirname(require.resolve(`${name}/package.json`)), "bin", "node");
      if (existsSync(binary)) return binary;
    } catch {
      // Not installed: the next.
    }
  }
  return undefined;
};

/**
 * Runs this command again with the Node that the package brought, where the one that runs it is too old for it; its exit
 * code, or `undefined` where nothing had to be done.
 */
export const runAgainIfTooOld = (range: string): number | undefined => {
  if (isInRange(process.versions.node, range)) return undefined;
  const node = broughtNode();
  if (node !== undefined && node !== process.execPath) {
    const { status, signal } = spawnSync(node, process.argv.slice(1), { stdio: "inherit" });
    return signal === null ? (status ?? 1) : 1;
  }
  process.stderr.write(`mesh-compile needs Node ${range}; this is ${process.versions.node}\n`);
  return 1;
};
