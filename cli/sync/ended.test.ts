import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

const program = join(import.meta.dirname, "../mesh-sync.ts");

const kubeconfig = JSON.stringify({
  "current-context": "here",
  contexts: [{ name: "here", context: { cluster: "here", user: "me" } }],
  clusters: [{ name: "here", cluster: { server: "https://127.0.0.1:1" } }],
  users: [{ name: "me", user: { token: "t" } }],
});

/** The program with temporary files of its own. */
const started = async (...args: readonly string[]) => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-ended-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const scratch = join(folder, "tmp");
  await mkdir(scratch);
  const config = join(folder, "config");
  await writeFile(config, kubeconfig);
  const child = spawn(process.execPath, [program, ...args, "--inventory", "mesh/shop"], {
    env: { ...process.env, KUBECONFIG: config, KUBERNETES_SERVICE_HOST: "", TMPDIR: scratch },
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return { child, ended: once(child, "close"), left: () => readdir(scratch) };
};

/** A Git server that never answers; resolves `asked` when somebody asks. */
const silentGit = async () => {
  const asked = Promise.withResolvers<void>();
  const server = createServer(() => asked.resolve());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked: asked.promise, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mesh.git` };
};

test.each([
  ["run --once --no-lease", "SIGTERM", 143],
  ["run --once --no-lease", "SIGINT", 130],
  ["run --no-lease", "SIGTERM", 0],
  ["plan", "SIGINT", 130],
] as const)("%s that is ended by %s ends with %i and leaves no files", async (command, signal, code) => {
  const { asked, url } = await silentGit();
  const { child, ended, left } = await started(...command.split(" "), "--repository", url);
  await asked;
  expect((await left()).length).toBeGreaterThan(0);
  child.kill(signal);
  expect(await ended).toEqual([code, null]);
  expect(await left()).toEqual([]);
});

test.each(["run", "plan"])("%s leaves no files where the cluster cannot be opened", async (command) => {
  const { ended, left } = await started(command, "--repository", "http://127.0.0.1:1/", "--context", "nowhere");
  expect(await ended).toEqual([1, null]);
  expect(await left()).toEqual([]);
});
