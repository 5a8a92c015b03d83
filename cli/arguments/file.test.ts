import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { argumentFile, argumentFolder } from "./file.ts";

test("a file or folder that cannot be had is told by its option and its path", async () => {
  const folder = await mkdtemp(join(tmpdir(), "meshwright-argument-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "file");
  await writeFile(file, "text");
  expect(await argumentFile("--roots", file)).toBe("text");
  await expect(argumentFile("--roots", `${file}2`)).rejects.toThrow(`--roots ${file}2: no such folder or file`);
  await expect(argumentFile("--roots", folder)).rejects.toThrow(`--roots ${folder}: it is a folder`);
  await argumentFolder("--out", join(folder, "a", "b"));
  await argumentFolder("--out", join(folder, "a", "b"));
  await expect(argumentFolder("--out", file)).rejects.toThrow(`--out ${file}: it is no folder`);
  await expect(argumentFolder("--out", join(file, "a"))).rejects.toThrow("a part of the path is no folder");
});
