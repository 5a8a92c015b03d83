import { execFile } from "node:child_process";
import { mkdtempSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { rigRequirements } from "../../rig/requirements.ts";
import type { Verdicts } from "../../suite.ts";
import { built, repository } from "../../xds/built.ts";
import { judged } from "../../judged.ts";

/** The image's layout over the machine's own libraries, as the Deployment runs it: nothing is written to but `/tmp`. */
const surroundings = `
set -eu
mount -t tmpfs -o mode=755 tmpfs "$ROOT"
cd "$ROOT"
for folder in usr lib lib64 bin sbin etc; do
  if [ -L "/$folder" ]; then cp -P "/$folder" "$folder"
  elif [ -d "/$folder" ]; then mkdir "$folder"; mount --bind "/$folder" "$folder"; mount -o remount,bind,ro "$folder"; fi
done
mkdir -p proc dev tmp mesh opt/meshwright/dist opt/meshwright/node_modules
touch node dev/null dev/urandom opt/meshwright/package.json
mount -t proc proc proc
mount --bind /dev/null dev/null
mount --bind /dev/urandom dev/urandom
mount -t tmpfs -o mode=1777 tmpfs tmp
bound() { mount --bind "$1" "$2"; mount -o remount,bind,ro "$2"; }
bound "$NODE" node
bound "$CHECKOUT/dist" opt/meshwright/dist
bound "$MODULES" opt/meshwright/node_modules
bound "$CHECKOUT/package.json" opt/meshwright/package.json
bound "$MESH" mesh
# Each line: what is mounted, and where.
printf '%s' "$MOUNTS" | while read -r from to; do mkdir -p "\${to#/}"; bound "$from" "\${to#/}"; done
mount -o remount,ro "$ROOT"
exec chroot "$ROOT" /usr/bin/env -i PATH=/usr/bin:/bin NODE_ENV=production \
  setpriv --pdeathsig keep --reuid 10001 --regid 10001 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
`;

/** A command in a container's surroundings, and the environment that sets them up: `mounts` lie in it, read-only, at their paths. */
export const container = (
  folder: string,
  command: readonly string[],
  {
    mounts = {},
    network = [],
  }: { readonly mounts?: Readonly<Record<string, string>>; readonly network?: readonly string[] },
): { readonly argv: readonly [string, ...string[]]; readonly env: NodeJS.ProcessEnv } => ({
  argv: [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    ...network,
    "sh",
    "-c",
    surroundings,
    "sh",
    ...command,
  ],
  env: {
    ...process.env,
    ROOT: mkdtempSync(join(folder, "root-")),
    NODE: realpathSync(process.execPath),
    CHECKOUT: repository,
    MODULES: realpathSync(join(repository, "node_modules")),
    MESH: join(repository, "policies"),
    MOUNTS: Object.entries(mounts)
      .map(([to, from]) => `${from} ${to}\n`)
      .join(""),
  },
});

/** The container's restrictions leave policies their sandbox and their type check. */
export const confinement = async (verdicts: Verdicts, folder: string): Promise<void> => {
  const law = "confined as its container is, it compiles a mesh, types and all";
  const missing = rigRequirements();
  if (missing !== undefined) return verdicts.skip(law, missing);
  built("mesh-compile");
  const confined = async (...command: readonly string[]): Promise<string> => {
    const { argv, env } = container(folder, command, { network: ["--net", "--ipc"] });
    const [file, ...args] = argv;
    return (await promisify(execFile)(file, args, { env })).stdout;
  };
  await judged(verdicts, law, async () => {
    const compiler = ["/node", "/opt/meshwright/dist/cli/mesh-compile.js", "build", "--mesh", "/mesh/bookinfo"];
    await confined(...compiler, "--out", "/tmp/built");
    return confined(...compiler, "--out", "/opt/meshwright/built").then(
      () => "it wrote into what is read-only",
      () => undefined,
    );
  });
};
