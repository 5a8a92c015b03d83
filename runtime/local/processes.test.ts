import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { guard } from "./guard.ts";
import { processes } from "./processes.ts";

const scratch = () => {
  const folder = mkdtempSync(join(tmpdir(), "meshwright-processes-test-"));
  const watching = guard(folder);
  const children = processes(watching);
  onTestFinished(async () => {
    await children.stop();
    await watching.close();
    expect(existsSync(folder)).toBe(false);
  });
  return children;
};

const shell = (script: string) => ({ argv: ["/bin/sh", "-c", script] as const });

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
};

test("what ends is said and started again, and what it had started ends with it", { timeout: 20_000 }, async () => {
  const lines: number[] = [];
  const ends: string[] = [];
  scratch().kept(shell("sleep 1000 & echo $!; exit 3"), {
    line: (text) => void lines.push(Number(text)),
    ended: (how) => void ends.push(how),
  });
  await until(() => lines.length === 2 && ends.length === 2);
  expect(ends).toEqual(["exit code 3; it is started again in 0.5 s", "exit code 3; it is started again in 1 s"]);
  await until(() => !lines.some(isAlive));
});

test("what cannot be started is said in the system's words", async () => {
  const how = await new Promise<string>((resolve) =>
    scratch().kept({ argv: ["/nowhere/program"] }, { line: () => undefined, ended: resolve }),
  );
  expect(how).toMatch(/^spawn \/nowhere\/program ENOENT; it is started again/);
});

test("what is stopped is not started again, politely or not", { timeout: 20_000 }, async () => {
  const ends: string[] = [];
  const pids: number[] = [];
  const child = scratch().kept(shell("trap '' TERM; echo $$; while :; do sleep 1; done"), {
    line: (text) => void pids.push(Number(text)),
    ended: (how) => void ends.push(how),
  });
  await until(() => pids.length === 1);
  await child.stop();
  expect(pids.filter(isAlive)).toEqual([]);
  expect(ends).toEqual([]);
});
