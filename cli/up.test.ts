import { spawn } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { asked } from "../runtime/proxy/fixture.ts";

const policies = join(import.meta.dirname, "..", "policies");

/** The example mesh with its services, running; its temporary files in a folder of its own. */
const upped = async (edit: (folder: string) => void = () => undefined) => {
  const scratch = await mkdtemp(join(tmpdir(), "meshwright-up-test-"));
  const folder = join(scratch, "bookinfo");
  cpSync(join(policies, "bookinfo"), folder, { recursive: true });
  cpSync(join(policies, "services"), join(scratch, "services"), { recursive: true });
  edit(folder);
  const temporary = join(scratch, "tmp");
  cpSync(join(policies, "services"), temporary, { recursive: true });
  const child = spawn(
    process.execPath,
    [join(import.meta.dirname, "mesh-compile.ts"), "up", "--mesh", folder, "--ports", "22000"],
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

/** All processes below one, whatever their depth. */
const below = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .split(" ")
    .filter(Boolean)
    .map(Number)
    .flatMap((child) => [child, ...below(child)]);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test(
  "a mesh runs, its traffic moves with its policies, and nothing of it is left behind",
  { timeout: 180_000 },
  async () => {
    const { child, folder, ended, says, temporary } = await upped((mesh) => {
      const local = join(mesh, "mesh.local.yaml");
      writeFileSync(local, readFileSync(local, "utf8").replace(/gateways:[\s\S]*/, ""));
    });
    const [, port = ""] = await says(/is reached at http:\/\/127\.0\.0\.1:(\d+)/);
    const page = async (path = "/productpage") => asked(Number(port), { path, host: "bookinfo.example.com" });
    const versions = async (): Promise<ReadonlySet<string>> => {
      const all = await Promise.all(Array.from({ length: 40 }, () => page()));
      expect(all.map(({ status }) => status)).toEqual(all.map(() => 200));
      return new Set(all.map(({ body }) => (JSON.parse(body) as { reviews: { version: string } }).reviews.version));
    };
    expect(await versions()).toEqual(new Set(["v1", "v3"]));
    expect((await page("/nope")).status).toBe(404);

    const reviews = join(folder, "bookinfo", "reviews.ts");
    const text = readFileSync(reviews, "utf8");
    writeFileSync(reviews, text.replace("split(reviews, { v1: 100 - canary, v3: canary })", "reviews.v3"));
    await says(/reviews: v3 50 % → 100 %[\s\S]*In force in all proxies/);
    expect(await versions()).toEqual(new Set(["v3"]));

    writeFileSync(reviews, text.replace("reviews.v2", "reviews.v9"));
    await says(/What was in force stays in force/);
    expect(await versions()).toEqual(new Set(["v3"]));

    const all = below(child.pid!);
    expect(all.length).toBeGreaterThanOrEqual(13);
    child.kill("SIGINT");
    expect(await ended).toBe(0);
    // The process that waited to compile ends when nobody can ask it any more.
    for (const until = Date.now() + 5000; all.some(isAlive) && Date.now() < until;) await sleep(20);
    expect(all.filter(isAlive)).toEqual([]);
    expect((await readdir(temporary)).filter((name) => name.startsWith("meshwright-up-"))).toEqual([]);
  },
);

test("a mesh that does not compile does not run, and says why", async () => {
  const { ended, said } = await upped((mesh) =>
    writeFileSync(join(mesh, "mesh.local.yaml"), "workloads:\n  bookinfo/rewiews-v1: { command: x }\n"),
  );
  expect(await ended).toBe(1);
  expect(said.text).toMatch(/MESH4050[\s\S]*reviews-v1[\s\S]*mesh\.local\.yaml:2/);
});
