import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, cpSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The peers as they were installed: what to run, and what their own users would call the version. */
export interface Tools {
  readonly cue: string;
  readonly jsonnet: string;
  /** A folder with `node_modules` that holds cdk8s and tsc. */
  readonly cdk8s: string;
  readonly versions: Readonly<Record<string, string>>;
}

const here = dirname(fileURLToPath(import.meta.url));
const cacheRoot = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "meshwright");

/** Installs CUE, jsonnet and cdk8s at the versions that the lockfiles beside this file pin, once per content of those files. */
export function tools(): Tools {
  const go = installed("bench-go", join(here, "go"), ["go.mod", "go.sum"], (folder) => {
    execFileSync(
      "go",
      ["build", "-trimpath", "-o", `${folder}/`, "cuelang.org/go/cmd/cue", "github.com/google/go-jsonnet/cmd/jsonnet"],
      {
        cwd: join(here, "go"),
        stdio: ["ignore", "inherit", "inherit"],
      },
    );
  });
  const cdk8s = installed("bench-cdk8s", join(here, "cdk8s"), ["package.json", "package-lock.json"], (folder) => {
    for (const name of ["package.json", "package-lock.json"]) cpSync(join(here, "cdk8s", name), join(folder, name));
    execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
    });
  });
  const [cue, jsonnet] = [join(go, "cue"), join(go, "jsonnet")];
  const packageVersion = (name: string) =>
    (JSON.parse(readFileSync(join(cdk8s, "node_modules", name, "package.json"), "utf8")) as { version: string })
      .version;
  return {
    cue,
    jsonnet,
    cdk8s,
    versions: {
      cue: /cue version (\S+)/.exec(execFileSync(cue, ["version"], { encoding: "utf8" }))?.[1] ?? "?",
      jsonnet: execFileSync(jsonnet, ["--version"], { encoding: "utf8" }).trim().split(" ").at(-1) ?? "?",
      cdk8s: packageVersion("cdk8s"),
      "typescript (for cdk8s)": packageVersion("typescript"),
    },
  };
}

/** A folder in the cache named after the content of the files that decide what is in it; made whole or not at all. */
function installed(name: string, source: string, files: readonly string[], fill: (folder: string) => void): string {
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of files) hash.update(readFileSync(join(source, file)));
  const folder = join(cacheRoot, `${name}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cacheRoot, { recursive: true });
  const unfinished = mkdtempSync(join(cacheRoot, `.${name}-`));
  try {
    fill(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    // Another run may have finished the same folder meanwhile.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
