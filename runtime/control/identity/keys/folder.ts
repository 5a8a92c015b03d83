import { lstat, mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { believedFile, believedFolder, unlessAbsent } from "../files/believed.ts";
import { createdFile, durableFile, stagedPath, syncedFolder, withoutLeftovers } from "../files/durable-file.ts";
import { silent, type Log } from "../../../log/log.ts";
import { stored, type KeyStore, type Stored } from "./store.ts";

const generationName = /^generation-(\d{8})$/;

/**
 * A folder of PEM files: plain ones of the operator (`ca.crt`, `ca.key`), a mounted Kubernetes secret, or what was written
 * here. We write whole generations, `generation-00000001/`: its rename is the one step at which a change happens, and fails
 * where another process was first, so neither a kill nor a second replica leaves a certificate beside a foreign key.
 */
export const keyFolder = (folder: string, log: Log = silent): KeyStore => ({
  place: `the folder ${folder}`,
  async read() {
    // A reader may look while a writer takes the generation away that it superseded.
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await current(folder, log);
      } catch (error) {
        if (attempt === 3 || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
  },
  async write(files, seen) {
    if (await isMounted(folder))
      throw new Error(`${folder} is a mounted secret: it is changed in Kubernetes, not through the mount`);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const last = (await generations(folder)).at(-1);
    if (last !== undefined && seen?.version !== last) return "outdated";
    if (last === undefined && seen?.version !== (await current(folder, log))?.version) return "outdated";
    const name = `generation-${String(Number(generationName.exec(last ?? "")?.[1] ?? 0) + 1).padStart(8, "0")}`;
    const staged = stagedPath(folder);
    await mkdir(staged, { mode: 0o700 });
    try {
      for (const [file, text] of files) await createdFile(join(staged, file), text);
      await syncedFolder(staged);
      await rename(staged, join(folder, name));
    } catch (error) {
      await rm(staged, { recursive: true, force: true });
      if (["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) return "outdated";
      throw error;
    }
    await syncedFolder(folder);
    if ((await generations(folder)).at(-1) !== name) return "outdated";
    await superseded(folder, name);
    return "written";
  },
});

const current = async (folder: string, log: Log): Promise<Stored | undefined> => {
  if (await isMounted(folder)) {
    await believedFolder(join(folder, "..data"));
    // The kubelet changes all files at once by turning this link; through it, not through each file's own.
    const snapshot = await realpath(join(folder, "..data"));
    // Who may read them is said in Kubernetes: `defaultMode`, and the group of the pod.
    return contents(snapshot, snapshot, () => undefined);
  }
  await unlessAbsent(believedFolder(folder));
  const generation = (await generations(folder)).at(-1);
  const from = generation === undefined ? folder : join(folder, generation);
  await unlessAbsent(believedFolder(from));
  return contents(from, generation, (path, mode) => {
    if (!path.endsWith(".key") || (mode & 0o077) === 0) return;
    const reason = `${path} can be read by others than its owner; make it mode 0600`;
    log({ level: "warn", event: "key file refused", reason });
    throw new Error(reason);
  });
};

const contents = async (
  folder: string,
  version: string | undefined,
  judged: (path: string, mode: number) => void,
): Promise<Stored | undefined> => {
  const files = new Map<string, string>();
  for (const name of (await readdir(folder).catch(() => [])).sort()) {
    if (!/^[a-z]+\.(crt|key|json)$/.test(name)) continue;
    const path = join(folder, name);
    const { text, mode } = await believedFile(path);
    judged(path, mode);
    files.set(name, text);
  }
  const hash = createHash("sha256").update(JSON.stringify([...files]));
  return files.size === 0 ? undefined : stored(files, version ?? hash.digest("hex"));
};

const isMounted = (folder: string): Promise<boolean> =>
  lstat(join(folder, "..data")).then(
    (found) => found.isSymbolicLink(),
    () => false,
  );

const generations = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => generationName.test(name)).sort();

/** Keys that sign no more must not lie about. */
const superseded = async (folder: string, name: string): Promise<void> => {
  for (const earlier of await generations(folder))
    if (earlier < name) await rm(join(folder, earlier), { recursive: true, force: true });
  await withoutLeftovers(folder);
};

/** Puts the bundle beside the generations, for people and for machines that join: it holds nothing secret. */
export const publishedRoots = (folder: string, roots: string): Promise<void> =>
  durableFile(join(folder, "roots.crt"), roots, 0o644);
