import { readFileSync } from "node:fs";
import { Command } from "commander";
import { runAgainIfTooOld } from "./supported-node.ts";

/**
 * A command of this package, with its version. Where the Node that started it is too old, the process goes on as one of the
 * Node that the package brings, and this never returns. `url` is the entry's own: from there the package file is found.
 */
export const program = (name: string, url: string): Command => {
  const packageFile = new URL(url.endsWith(".ts") ? "../package.json" : "../../package.json", url);
  const { version, engines } = JSON.parse(readFileSync(packageFile, "utf8")) as {
    readonly version: string;
    readonly engines: { readonly node: string };
  };
  const exited = runAgainIfTooOld(engines.node);
  if (exited !== undefined) process.exit(exited);
  return new Command(name).version(version);
};
