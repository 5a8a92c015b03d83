import { spawn } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { onTestFinished } from "vitest";

const policies = join(import.meta.dirname, "..", "..", "policies");

/** Test files run side by side, and what one mesh finds free another may be about to take. */
const firstPort = 22_000 + 500 * (Number(process.env["VITEST_POOL_ID"] ?? 0) % 40);

/** The example mesh with its services, running; its temporary files in a folder of its own. */
export const upped = async (edit: (folder: string) => void = () => undefined, options: readonly string[] = []) => {
  const scratch = await mkdtemp(join(tmpdir(), "meshwright-up-test-"));
  const folder = join(scratch, "bookinfo");
  cpSync(join(policies, "bookinfo"), folder, { recursive: true });
  cpSync(join(policies, "services"), join(scratch, "services"), { recursive: true });
  edit(folder);
  const temporary = join(scratch, "tmp");
  cpSync(join(policies, "services"), temporary, { recursive: true });
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "..", "mesh-compile.ts"),
      "up",
      "--mesh",
      folder,
      "--ports",
      String(firstPort),
      ...options,
    ],
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, TMPDIR: temporary, NO_COLOR: "1" } },
  );
  const said = { text: "" };
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (said.text += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(scratch, { recursive: true, force: true });
  });
  const says = async (words: RegExp): Promise<RegExpExecArray> => {
    for (const until = Date.now() + 60_000; Date.now() < until; await sleep(50)) {
      const found = words.exec(said.text);
      if (found !== null) return found;
      if (child.exitCode !== null) break;
    }
    throw new Error(`it never said ${words.source}: ${said.text}`);
  };
  return { child, folder, said, ended, says, temporary };
};

/** Its mesh.local.yaml without the port of the gateway: whatever else runs on that must not matter. */
export const anyGatewayPort = (mesh: string): void => {
  const local = join(mesh, "mesh.local.yaml");
  writeFileSync(local, readFileSync(local, "utf8").replace(/gateways:[\s\S]*/, ""));
};

/** All processes below one, whatever their depth. */
export const below = (pid: number): readonly number[] =>
  (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8") : "")
    .split(" ")
    .filter(Boolean)
    .map(Number)
    .flatMap((child) => [child, ...below(child)]);

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** What is left of a mesh: processes that run a while after it should be gone, and folders. */
export const leftovers = async (pids: readonly number[], temporary: string): Promise<readonly (number | string)[]> => {
  const folders = async (): Promise<readonly string[]> =>
    (await readdir(temporary)).filter((name) => /^mesh(wright)?-/.test(name));
  // The process that waited to compile ends when nobody can ask it any more.
  for (const until = Date.now() + 8000; Date.now() < until; await sleep(20))
    if (!pids.some(isAlive) && (await folders()).length === 0) break;
  return [...pids.filter(isAlive), ...(await folders())];
};
