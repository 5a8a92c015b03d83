import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { createdFile, syncedFolder } from "./durable-file.ts";

const link = "..data";

/**
 * Replaces several files at once, as Kubernetes' AtomicWriter does (kubernetes/pkg/volume/util/atomic_writer.go): a new hidden
 * folder, then one rename that turns the link `..data` to it; the visible names are links through `..data`. So a reader never
 * sees a certificate beside the key of another, and Envoy's `watched_directory` sees the one move that it waits for.
 */
export const atomicFolder = async (folder: string, files: ReadonlyMap<string, string>): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const snapshot = `..${new Date().toISOString().replaceAll(/[^0-9]/g, "")}.${randomUUID()}`;
  const turned = `..data_${snapshot}`;
  const before = await readlink(join(folder, link)).catch(() => undefined);
  await mkdir(join(folder, snapshot), { mode: 0o700 });
  for (const [name, text] of files) await createdFile(join(folder, snapshot, name), text);
  await syncedFolder(join(folder, snapshot));
  for (const name of files.keys()) await visible(folder, name);
  await symlink(snapshot, join(folder, turned));
  await rename(join(folder, turned), join(folder, link));
  await syncedFolder(folder);
  await withoutOthers(folder, snapshot, before);
};

const visible = async (folder: string, name: string): Promise<void> => {
  const [path, through] = [join(folder, name), `${link}/${name}`];
  if ((await readlink(path).catch(() => undefined)) === through) return;
  const beside = join(folder, `..name_${randomUUID()}`);
  await symlink(through, beside);
  await rename(beside, path);
};

/** What is superseded, and what killed writers left; only names of ours. */
const withoutOthers = async (folder: string, snapshot: string, before: string | undefined): Promise<void> => {
  for (const name of await readdir(folder)) {
    const ours = name === before || /^\.\.(data_|name_|\d{17}\.[-0-9a-f]{36}$)/.test(name);
    if (!ours || name === snapshot) continue;
    const found = await lstat(join(folder, name)).catch(() => undefined);
    if (found !== undefined) await rm(join(folder, name), { recursive: true, force: true });
  }
};
