import { spawnSync } from "node:child_process";
import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Bootstrap } from "../../targets/xds/messages.ts";

const program = join(import.meta.dirname, "../mesh-control.ts");
const greeter = join(import.meta.dirname, "../../policies/greeter");

const temporaryFolder = async (): Promise<string> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "meshwright-bootstrap-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const ran = (cwd: string, ...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, "bootstrap", "greeter/caller", "--mesh", greeter, ...args],
    { encoding: "utf8", cwd },
  );
  return { status, stdout, stderr };
};

test("Envoy is told of the identity by an absolute path, wherever it is started", { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "sds.json"), "{}");
  const { status, stdout, stderr } = ran(folder, "--identity", ".");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toContain(`"path": "${folder}/sds.json"`);
  expect(stdout).toContain(`"path": "${folder}/sds-roots.json"`);
});

test(
  "an identity that is not on this machine is named, and may be another machine's",
  { timeout: 60_000 },
  async () => {
    const folder = await temporaryFolder();
    const { status, stdout, stderr } = ran(folder, "--identity", "nowhere");
    expect(status).toBe(0);
    expect(stdout).toContain(`"path": "${folder}/nowhere/sds.json"`);
    expect(stderr).toContain(`--identity ${folder}/nowhere holds no identity on this machine`);
  },
);

test("Envoy asks again soon after its control plane is back", { timeout: 60_000 }, async () => {
  const { stdout } = ran(await temporaryFolder(), "--identity", ".");
  const { dynamicResources } = JSON.parse(stdout) as Pick<Bootstrap, "dynamicResources">;
  expect(dynamicResources?.adsConfig?.grpcServices?.[0]?.envoyGrpc?.retryPolicy).toEqual({
    retryBackOff: { baseInterval: "0.250s", maxInterval: "5s" },
  });
});

test("a port that is none is refused by its option's name", { timeout: 60_000 }, async () => {
  const { status, stdout, stderr } = ran(await temporaryFolder(), "--identity", ".", "--admin-port", "abc");
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  expect(stderr).toContain("option '--admin-port <port>' argument 'abc' is invalid. write a number from 0 to 65535");
});
