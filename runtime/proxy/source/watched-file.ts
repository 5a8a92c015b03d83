import { stat } from "node:fs/promises";
import { watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";

/** How often is looked where the system tells nothing: of a file that was exchanged by symbolic link, for one. */
const lookedAtMs = 1000;

/** Calls whenever a file may be another one, however it was exchanged; returns what ends that. */
export const watchedFile = (path: string, changed: () => void): (() => void) => {
  let stamp = "";
  let queue = Promise.resolve();
  const looked = async (): Promise<void> => {
    const found = await stat(path).catch(() => undefined);
    const now = found === undefined ? "" : `${found.dev} ${found.ino} ${found.size} ${found.mtimeMs}`;
    if (now === stamp) return;
    const isFirst = stamp === "";
    stamp = now;
    if (!isFirst && now !== "") changed();
  };
  const look = (): void => void (queue = queue.then(looked));
  look();
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), look);
    watcher.on("error", () => undefined);
    watcher.unref();
  } catch {
    // Looking is enough.
  }
  const timer = setInterval(look, lookedAtMs).unref();
  return () => {
    clearInterval(timer);
    watcher?.close();
  };
};
