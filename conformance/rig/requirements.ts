import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

const commands = ["ip", "nsenter", "unshare", "setpriv", "mount", "openssl", "sh"];

/** Why the rig cannot run on this machine; undefined where it can. Callers skip by this sentence, never silently. */
export const rigRequirements = (): string | undefined => {
  if (process.platform !== "linux") return `network namespaces exist on Linux only, and this is ${process.platform}`;
  if (process.getuid?.() !== 0) return "network namespaces and iptables need root";
  const folders = (process.env.PATH ?? "").split(":");
  const missing = commands.filter((command) => !folders.some((folder) => existsSync(`${folder}/${command}`)));
  if (missing.length > 0) return `missing commands: ${missing.join(", ")}`;
  try {
    execFileSync("unshare", ["--net", "--mount", "ip", "link", "add", "rig0", "type", "bridge"], { stdio: "pipe" });
  } catch (error) {
    return `no network namespace with a bridge can be made here: ${error instanceof Error ? error.message.trim() : String(error)}`;
  }
  return undefined;
};
