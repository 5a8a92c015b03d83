import { readlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { child, eventually, mortal, unprivileged, type Child } from "../process.ts";
import type { AgentSettings } from "./protocol.ts";

/** Whom applications run as: anybody but root and Istio's proxy user, so that their calls are captured. */
export const applicationUser = 2000;

/** Files of this run that a pod sees at these places of the system. */
export type Overlays = Readonly<Record<string, string>>;

const main = join(dirname(fileURLToPath(import.meta.url)), "agent.ts");

/**
 * Starts an agent in new network and mount namespaces, and returns as soon as these exist; the agent itself needs a
 * moment longer. Other processes enter through its process id. When it ends and they do, the namespaces are gone.
 */
export const agentProcess = async (
  directory: string,
  name: string,
  settings: AgentSettings,
  overlays: Overlays,
): Promise<Child> => {
  const file = join(directory, `${name}.json`);
  writeFileSync(file, JSON.stringify(settings), { mode: 0o644 });
  const mounts = Object.entries(overlays).flatMap(([place, source]) => [source, place]);
  const script =
    'while [ "$1" != -- ]; do if [ -e "$2" ]; then mount --bind "$1" "$2"; fi; shift 2; done; shift; exec "$@"';
  const process_ = child(directory, name, [
    "unshare",
    "--net",
    "--mount",
    "--",
    "sh",
    "-ec",
    script,
    "sh",
    ...mounts,
    "--",
    ...unprivileged({ uid: applicationUser }),
    ...mortal,
    process.execPath,
    main,
    file,
  ]);
  const own = readlinkSync("/proc/self/ns/mnt");
  await eventually(
    `${name} has namespaces`,
    () => (readlinkSync(`/proc/${process_.pid}/ns/mnt`) === own ? undefined : true),
    { needs: [process_], everyMs: 2 },
  );
  return process_;
};
