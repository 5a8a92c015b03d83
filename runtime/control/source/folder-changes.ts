import { watch, type FSWatcher } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

/** Modules that changed, by their names below the folder; `all`: anything may have. */
export type Changes = ReadonlySet<string> | "all";

/** What happened to a folder since it was asked before. */
export interface FolderChanges {
  /**
   * Resolves once there was a change and then a quiet moment; undefined once closed. What was told is forgotten. Before that moment
   * is over `early` is called with what there was so far, once at most; if that is all, the very same is resolved with.
   */
  readonly next: (early?: (changes: Changes) => void) => Promise<Changes | undefined>;
  readonly close: () => void;
}

/** Editors and checkouts write files one after the other: a moment without a change is taken for the end of one. */
const quietMs = 15;
/** One write is two changes, to nothing and to what is written: a shorter moment lies between whole files. */
const earlyMs = 1;
/**
 * How often the folder is looked at as a whole: it may have been exchanged by symbolic link, as some checkouts do it, or the
 * system may have run out of watches.
 */
const lookedAtMs = 5000;

/** What a mesh folder holds beside its inputs. */
const isIgnored = (name: string): boolean => {
  const [top = ""] = name.split(sep);
  return top.startsWith(".") || top === "out" || name.split(sep).includes("node_modules");
};

/** What whoever asks for compilations reads beside the modules: where things run, in earnest and on somebody's own machine. */
const beside: ReadonlySet<string> = new Set(["placement.yaml", "mesh.local.yaml"]);

/** What the change of a name is a change of; nothing where no compilation reads it. */
const changeOf = (name: string): Changes | "nothing" => {
  const [top = ""] = name.split(sep);
  if (isIgnored(name)) return "nothing";
  if (top !== "graph" && name.endsWith(".ts")) return new Set([name.split(sep).join("/")]);
  // A file of another kind, which nothing reads; a name without an extension may be a folder.
  if (top !== "graph" && /\.[^./\\]+$/.test(name)) return beside.has(name) ? new Set() : "nothing";
  return "all";
};

/** So long, and until what happened meanwhile was heard of: a process that was held up hears its timers first. */
const passed = async (ms: number): Promise<void> => {
  await sleep(ms);
  await nextTurn();
};

export const folderChanges = async (folder: string): Promise<FolderChanges> => {
  const state = { pending: undefined as Changes | undefined, noticed: 0, told: new Set<string>(), closed: false };
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
      watcher = watch(folder, { recursive: true }, (_, name) => {
        if (name !== null) state.told.add(name);
        changed(name === null ? "all" : changeOf(name));
      });
      // What it no longer tells is found by looking.
      watcher.on("error", () => undefined);
    } catch {
      watcher = undefined;
    }
  };
  // A folder that is not there is for the compilation to say; that it comes is a change.
  let real = await realpath(folder).catch(() => undefined);
  let stamps = real === undefined ? new Map<string, string>() : await stampsOf(folder);
  watched();
  const looked = async (): Promise<void> => {
    const now = await realpath(folder);
    if (now !== real) {
      real = now;
      watched();
      changed("all");
    }
    const told = state.told;
    state.told = new Set();
    const found = await stampsOf(folder);
    const names = [...new Set([...stamps.keys(), ...found.keys()])];
    for (const name of names)
      if (stamps.get(name) !== found.get(name) && !told.has(name)) changed(found.has(name) ? changeOf(name) : "all");
    stamps = found;
  };
  let looks = Promise.resolve();
  const looking = setInterval(() => (looks = looks.then(looked).catch(() => undefined)), lookedAtMs).unref();

  return {
    next: async (early) => {
      while (!state.closed && state.pending === undefined) await new Promise<void>((resolve) => (wake = resolve));
      const quiet = async (): Promise<boolean> => {
        const seen = state.noticed;
        await passed(earlyMs);
        if (state.closed || seen !== state.noticed) return false;
        if (state.pending !== undefined) early?.(state.pending);
        early = undefined;
        await passed(quietMs - earlyMs);
        return seen === state.noticed;
      };
      while (!state.closed && !(await quiet()));
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

/** Sizes and times of all that a compilation may read, by name below the folder. */
const stampsOf = async (folder: string, below = ""): Promise<ReadonlyMap<string, string>> => {
  const stamps = new Map<string, string>();
  for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
    const name = join(below, entry.name);
    if (entry.isDirectory()) {
      if (isIgnored(name)) continue;
      for (const [inner, stamp] of await stampsOf(folder, name)) stamps.set(inner, stamp);
    } else if (changeOf(name) !== "nothing") {
      const found = await stat(join(folder, name)).catch(() => undefined);
      stamps.set(name, `${found?.ino} ${found?.size} ${found?.mtimeMs}`);
    }
  }
  return stamps;
};
