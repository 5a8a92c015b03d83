import { createHash } from "node:crypto";
import { watch, type FSWatcher } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

/** Modules that changed, by their names below the folder; `all`: anything may have. */
export type Changes = ReadonlySet<string> | "all";

/** What happened to a folder since it was asked before. */
export interface FolderChanges {
  /** Resolves once there was a change and then a quiet moment; undefined once closed. What was told is forgotten. */
  readonly next: () => Promise<Changes | undefined>;
  readonly close: () => void;
}

/** Editors and checkouts write files one after the other: a moment without a change is taken for the end of one. */
const quietMs = 15;
/**
 * How often the folder is looked at as a whole: it may have been exchanged by symbolic link, as some checkouts do it, or the
 * system may have run out of watches.
 */
const lookedAtMs = 5000;

/** What the change of a name is a change of; nothing where no compilation reads it. */
const changeOf = (name: string): Changes | "nothing" => {
  const [top = ""] = name.split(sep);
  if (top.startsWith(".") || top === "out" || top === "node_modules") return "nothing";
  if (top !== "graph" && name.endsWith(".ts")) return new Set([name.split(sep).join("/")]);
  // A file of another kind, which nothing reads; a name without an extension may be a folder.
  if (top !== "graph" && /\.[^./\\]+$/.test(name)) return name === "placement.yaml" ? new Set() : "nothing";
  return "all";
};

export const folderChanges = async (folder: string): Promise<FolderChanges> => {
  const state = { pending: undefined as Changes | undefined, noticed: 0, closed: false };
  let wake: () => void = () => undefined;
  const changed = (change: Changes | "nothing"): void => {
    if (change === "nothing") return;
    const { pending } = state;
    state.noticed += 1;
    state.pending = pending === "all" || change === "all" ? "all" : new Set([...(pending ?? []), ...change]);
    wake();
  };

  let watcher: FSWatcher | undefined;
  const watched = (): void => {
    watcher?.close();
    try {
      watcher = watch(folder, { recursive: true }, (_, name) => changed(name === null ? "all" : changeOf(name)));
      // What it no longer tells is found by looking.
      watcher.on("error", () => undefined);
    } catch {
      watcher = undefined;
    }
  };
  let real = await realpath(folder);
  let print = await fingerprint(folder);
  let noticedThen = 0;
  watched();
  const looked = async (): Promise<void> => {
    const now = await realpath(folder);
    if (now !== real) {
      real = now;
      watched();
      changed("all");
    }
    const found = await fingerprint(folder);
    const isUnnoticed = found !== print && state.noticed === noticedThen;
    [print, noticedThen] = [found, state.noticed];
    if (isUnnoticed) changed("all");
  };
  const looking = setInterval(() => void looked().catch(() => undefined), lookedAtMs).unref();

  return {
    next: async () => {
      while (!state.closed && state.pending === undefined) await new Promise<void>((resolve) => (wake = resolve));
      for (let seen = -1; !state.closed && seen !== state.noticed;) {
        seen = state.noticed;
        await new Promise((resolve) => setTimeout(resolve, quietMs));
      }
      const { pending } = state;
      state.pending = undefined;
      return state.closed ? undefined : pending;
    },
    close: () => {
      state.closed = true;
      clearInterval(looking);
      watcher?.close();
      wake();
    },
  };
};

/** Names, sizes and times of all that a compilation may read. */
const fingerprint = async (folder: string): Promise<string> => {
  const hash = createHash("sha256");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (entry.isDirectory() || changeOf(name) === "nothing") continue;
    const found = await stat(path).catch(() => undefined);
    hash.update(`${name} ${found?.size} ${found?.mtimeMs}\n`);
  }
  return hash.digest("base64");
};
