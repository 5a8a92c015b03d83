import { execFileSync } from "node:child_process";
import { join } from "node:path";

export const repository = join(import.meta.dirname, "..", "..");

type Published = "mesh-compile" | "mesh-control" | "mesh-proxy" | "mesh-sync";

let isBuilt = false;

/** A command as it is published: its bundle, made afresh once in a run, so that no old one is held to anything. */
export const built = (command: Published = "mesh-control"): string => {
  if (!isBuilt) execFileSync(process.execPath, [join(repository, "scripts", "build.ts")]);
  isBuilt = true;
  return join(repository, "dist", "cli", `${command}.js`);
};
