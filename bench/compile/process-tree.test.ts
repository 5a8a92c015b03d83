import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Command, run } from "./process-tree.ts";

const cwd = mkdtempSync(join(tmpdir(), "meshwright-test-"));
afterAll(() => rmSync(cwd, { recursive: true, force: true }));
const node = (script: string, stdout?: string): Command => ({
  cwd,
  argv: [process.execPath, "-e", script],
  ...(stdout !== undefined && { stdout }),
});

describe.runIf(process.platform === "linux")("memory", () => {
  const hold = "const held = Buffer.alloc(200 * 2 ** 20, 1); setTimeout(() => held.length, 400);";

  test("counts what a grandchild holds", async () => {
    const parent = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(hold)}], { stdio: "inherit" });`;
    const { peakMegabytes } = await run([node(parent)], true);
    expect(peakMegabytes).toBeGreaterThan(200);
    expect(peakMegabytes).toBeLessThan(500);
  });

  test("is the largest of commands that run one after another, not their sum", async () => {
    const { peakMegabytes } = await run([node(hold), node(hold)], true);
    expect(peakMegabytes).toBeGreaterThan(200);
    expect(peakMegabytes).toBeLessThan(400);
  });
});

test("puts standard output into the file", async () => {
  await run([node("console.log('written')", join(cwd, "out"))], false);
  expect(readFileSync(join(cwd, "out"), "utf8")).toBe("written\n");
});

test("says what a failing command printed, and runs no further", async () => {
  const failing = node("console.error('no such mesh'); process.exit(3)");
  const next = node("", join(cwd, "never"));
  await expect(run([failing, next], false)).rejects.toThrow(/ended with 3[^]*no such mesh/);
  expect(() => readFileSync(join(cwd, "never"))).toThrow();
});

test("refuses a command that does not exist", async () => {
  await expect(run([{ cwd, argv: ["./no-such-tool"] }], false)).rejects.toThrow("ENOENT");
});
