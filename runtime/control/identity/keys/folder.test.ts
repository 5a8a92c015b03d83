import { chmod, lchown, readdir, readFile, stat, symlink, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder, testAuthority, trustDomain } from "../fixture.ts";
import { authority } from "../authority.ts";
import type { LogEntry } from "../../../log/log.ts";
import { newRoot } from "../x509/root.ts";
import { keyFolder, publishedRoots } from "./folder.ts";

const mounted = async (folder: string, at: string): Promise<string> => {
  const { certificate, key } = await newRoot(trustDomain);
  await mkdir(join(folder, at));
  await writeFile(join(folder, at, "ca.crt"), certificate);
  await writeFile(join(folder, at, "ca.key"), key, { mode: 0o644 });
  await symlink(at, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  for (const name of ["ca.crt", "ca.key"]) await symlink(`..data/${name}`, join(folder, name)).catch(() => undefined);
  return certificate;
};

test("a first start makes a root that only its owner can read, and a second start finds it", async () => {
  const folder = join(await temporaryFolder(), "keys");
  const roots = (await testAuthority({ store: keyFolder(folder) })).roots();
  const generation = join(folder, "generation-00000001");
  expect((await stat(join(generation, "ca.key"))).mode & 0o777).toBe(0o600);
  expect((await stat(generation)).mode & 0o777).toBe(0o700);
  expect((await testAuthority({ store: keyFolder(folder), create: false })).roots()).toBe(roots);
  await publishedRoots(folder, roots);
  expect(await readFile(join(folder, "roots.crt"), "utf8")).toBe(roots);
});

test("no root is made where none is allowed", async () => {
  const store = keyFolder(await temporaryFolder());
  await expect(authority({ store, trustDomain })).rejects.toThrow("making one is not allowed");
});

test("many that start at one time agree on one root", async () => {
  const folder = await temporaryFolder();
  const all = await Promise.all(Array.from({ length: 8 }, () => testAuthority({ store: keyFolder(folder) })));
  expect(new Set(all.map((one) => one.roots())).size).toBe(1);
});

test("an operator's plain files are used, and refused in words when others can read the key", async () => {
  const folder = await temporaryFolder();
  const { certificate, key } = await newRoot(trustDomain);
  await writeFile(join(folder, "ca.crt"), certificate);
  await writeFile(join(folder, "ca.key"), key, { mode: 0o600 });
  expect((await testAuthority({ store: keyFolder(folder) })).roots()).toBe(certificate);
  await chmod(join(folder, "ca.key"), 0o640);
  const entries: LogEntry[] = [];
  await expect(keyFolder(folder, (entry) => entries.push(entry)).read()).rejects.toThrow("make it mode 0600");
  expect(entries).toMatchObject([{ level: "warn", event: "key file refused" }]);
});

test("a mounted secret is read at one moment, followed when the kubelet changes it, and never written", async () => {
  const folder = await temporaryFolder();
  const before = await mounted(folder, "..2026_11_21_10_00_00.1");
  const opened = await testAuthority({ store: keyFolder(folder) });
  expect(opened.roots()).toBe(before);
  let changes = 0;
  opened.onRoots(() => (changes += 1));
  const after = await mounted(folder, "..2026_11_21_11_00_00.2");
  await opened.refreshed();
  expect([opened.roots(), changes]).toEqual([after, 1]);
  await expect(opened.rotated("add")).rejects.toThrow("changed in Kubernetes");
});

test("a mounted secret is used as the kubelet leaves it: readable by a group, in a folder that is sticky", async () => {
  const folder = await temporaryFolder();
  const certificate = await mounted(folder, "..2026_11_21_10_00_00.1");
  for (const name of ["ca.crt", "ca.key"]) await chmod(join(folder, name), 0o440);
  await chmod(folder, 0o1777);
  expect((await testAuthority({ store: keyFolder(folder) })).roots()).toBe(certificate);
});

test.skipIf(process.getuid?.() !== 0)("a mount that somebody else planted is refused in words", async () => {
  const folder = await temporaryFolder();
  await testAuthority({ store: keyFolder(folder) });
  await mounted(folder, "..planted");
  await lchown(join(folder, "..data"), 1000, 1000);
  await expect(keyFolder(folder).read()).rejects.toThrow("..data belongs to user 1000");
  await lchown(join(folder, "..data"), 0, 0);
  await lchown(join(folder, "..planted", "ca.key"), 1000, 1000);
  await expect(keyFolder(folder).read()).rejects.toThrow("ca.key belongs to user 1000");
});

test("keys that others could have put there are refused in words", async () => {
  const folder = await temporaryFolder();
  const { certificate, key } = await newRoot(trustDomain);
  await writeFile(join(folder, "ca.crt"), certificate);
  await writeFile(join(folder, "ca.key"), key, { mode: 0o600 });
  await chmod(join(folder, "ca.crt"), 0o666);
  await expect(keyFolder(folder).read()).rejects.toThrow("ca.crt can be written by others");
  await chmod(join(folder, "ca.crt"), 0o644);
  await chmod(folder, 0o777);
  await expect(keyFolder(folder).read()).rejects.toThrow(`${folder} can be written by others`);
});

test("a certificate without its key, a foreign key, and a leaf for a root are refused in words without the key", async () => {
  const [one, two] = [await newRoot(trustDomain), await newRoot(trustDomain)];
  const opened = await testAuthority();
  const leaf = await opened.issued("spiffe://mesh.test/a");
  const cases: readonly [string, Readonly<Record<string, string>>][] = [
    ["not both", { "ca.crt": one.certificate }],
    ["does not belong", { "ca.crt": one.certificate, "ca.key": two.key }],
    ["not that of a certificate authority", { "ca.crt": leaf.certificateChain, "ca.key": leaf.privateKey }],
    ["cannot be read", { "ca.crt": one.certificate, "ca.key": one.key.replaceAll("M", "?") }],
    ["more than one", { "ca.crt": one.certificate + two.certificate, "ca.key": one.key }],
    ["where the rotation stands", { "ca.crt": one.certificate, "ca.key": one.key, "rotation.json": "{}" }],
  ];
  for (const [words, files] of cases) {
    const folder = await temporaryFolder();
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text, { mode: 0o600 });
    const failure = await authority({ store: keyFolder(folder), trustDomain }).catch((error: unknown) => String(error));
    expect(failure).toContain(words);
    expect(failure).not.toContain(one.key.slice(40, 80));
  }
});

test("a store that goes away for a moment does not stop an authority", async () => {
  const folder = await temporaryFolder();
  const opened = await testAuthority({ store: keyFolder(folder) });
  await rename(join(folder, "generation-00000001"), join(folder, "away"));
  await opened.refreshed();
  await expect(opened.issued("spiffe://mesh.test/a")).resolves.toBeDefined();
});

test("of two that write on the same base one is told that it is outdated", async () => {
  const folder = await temporaryFolder();
  const store = keyFolder(folder);
  await store.write(new Map([["ca.crt", "0"]]), undefined);
  const held = await store.read();
  const outcomes = await Promise.all(
    Array.from({ length: 6 }, (_, n) => keyFolder(folder).write(new Map([["ca.crt", `${n}`]]), held)),
  );
  expect(outcomes.filter((outcome) => outcome === "written").length).toBe(1);
  expect((await store.read())?.text("ca.crt")).toBe(String(outcomes.indexOf("written")));
  expect((await readdir(folder)).filter((name) => name.startsWith("generation"))).toEqual(["generation-00000002"]);
});
