import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { child, eventually } from "./process.ts";

const inTemporaryFolder = async (tests: (folder: string) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-process-"));
  try {
    await tests(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const runs = (pid: number): boolean =>
  existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

const linuxOnly = test.skipIf(process.platform !== "linux" || !existsSync("/usr/bin/setpriv"));

/** A harness that starts a child and then goes away in the given manner. */
const orphaned = async (folder: string, manner: string): Promise<number> => {
  const script = join(folder, "harness.ts");
  writeFileSync(
    script,
    `import { child } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, "process.ts")).href)};
    const { pid } = child(${JSON.stringify(folder)}, "sleeper", ["sleep", "600"]);
    setTimeout(() => { console.log(pid); ${manner} }, 300);`,
  );
  const harness = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "ignore"] });
  let output = "";
  harness.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await new Promise((resolve) => harness.on("close", resolve));
  return Number(output);
};

linuxOnly.each([
  ["is killed", 'process.kill(process.pid, "SIGKILL"); setInterval(() => {}, 1000);'],
  ["is asked to end", 'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000);'],
  ["throws", 'throw new Error("a bug");'],
  ["exits", "process.exit(3);"],
  ["forgets to stop it", ""],
])("a child does not outlive a harness that %s", (_, manner) =>
  inTemporaryFolder(async (folder) => {
    const pid = await orphaned(folder, manner);
    expect(pid).toBeGreaterThan(0);
    await eventually("the child is gone", () => (runs(pid) ? undefined : true), { timeoutMs: 5000 });
  }),
);

linuxOnly("a child that ignores SIGTERM is stopped all the same, and its output kept", () =>
  inTemporaryFolder(async (folder) => {
    const stubborn = child(folder, "stubborn", ["sh", "-c", 'trap "" TERM; echo started; while :; do sleep 0.1; done']);
    await eventually("it has started", () =>
      readFileSync(stubborn.log, "utf8").includes("started") ? true : undefined,
    );
    await stubborn.stop(200);
    expect(runs(stubborn.pid)).toBe(false);
    expect(stubborn.ended()).toBe("SIGKILL");
  }),
);

linuxOnly("waiting for a process that has died says so at once, with the end of its log", () =>
  inTemporaryFolder(async (folder) => {
    const dying = child(folder, "dying", ["sh", "-c", "echo out of luck; exit 7"]);
    await expect(eventually("it answers", () => undefined, { needs: [dying] })).rejects.toThrow(
      /dying ended \(exit code 7\).*\n.*out of luck/,
    );
  }),
);
