import { chmod, lchown, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../fixture.ts";
import { believedFile, believedFolder, unlessAbsent, whyDoubted } from "./believed.ts";

const isRoot = process.getuid?.() === 0;

test("what this user or root owns, and nobody else can write, is believed; as the kubelet mounts secrets too", () => {
  for (const uid of [1000, 0])
    for (const mode of [0o600, 0o644, 0o440, 0o755]) expect(whyDoubted({ uid, mode }, 1000)).toBeUndefined();
  expect(whyDoubted({ uid: 0, mode: 0o1777, isSticky: true }, 1000)).toBeUndefined();
  expect(whyDoubted({ uid: 1000, mode: 0o600 }, 0)).toMatch("belongs to user 1000");
  expect(whyDoubted({ uid: 1001, mode: 0o600 }, 1000)).toMatch("belongs to user 1001");
  expect(whyDoubted({ uid: 1001, mode: 0o1777, isSticky: true }, 1000)).toMatch("belongs to");
  for (const mode of [0o620, 0o602, 0o777]) expect(whyDoubted({ uid: 1000, mode }, 1000)).toMatch("written by others");
});

test("a file is refused with its path in words, and a missing one is only missing", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "a");
  expect(await unlessAbsent(believedFile(path))).toBeUndefined();
  await writeFile(path, "text", { mode: 0o640 });
  expect(await believedFile(path)).toMatchObject({ text: "text" });
  for (const mode of [0o660, 0o606]) {
    await chmod(path, mode);
    await expect(believedFile(path)).rejects.toThrow(`${path} can be written by others than its owner`);
  }
});

test("a folder that others can fill is refused, unless nobody can move in it what is another's", async () => {
  const folder = join(await temporaryFolder(), "a");
  await mkdir(folder);
  for (const [mode, ok] of [
    [0o755, true],
    [0o775, false],
    [0o777, false],
    [0o1777, true],
  ] as const) {
    await chmod(folder, mode);
    const outcome = await believedFolder(folder).then(
      () => true,
      () => false,
    );
    expect([mode, outcome]).toEqual([mode, ok]);
  }
});

test.skipIf(!isRoot)("a link of somebody else is not followed, though what it leads to is ours", async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "a"), "text", { mode: 0o600 });
  await symlink("a", join(folder, "b"));
  expect((await believedFile(join(folder, "b"))).text).toBe("text");
  await lchown(join(folder, "b"), 1000, 1000);
  await expect(believedFile(join(folder, "b"))).rejects.toThrow("belongs to user 1000");
});
