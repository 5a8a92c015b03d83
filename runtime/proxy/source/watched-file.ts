import { stat } from "node:fs/promises";
import { watch, type FSWatcher } from "node:fs";
import { dirname } from "node:path";
import { stampOf } from "./stamped-file.ts";

/** How often is looked where the system tells nothing: of a file that was exchanged by symbolic link, for one. */
const lookedAtMs = 1000;

/** Calls whenever a file may be another one, or is there for the first time, however it came; returns what ends that. */
export const watchedFile = (path: string, changed: () => void): (() => void) => {
  /** Empty where there is no file; undefined before it was looked at. */
  let stamp: string | undefined;
  let isOver = false;
  let queue = Promise.resolve();
  const looked = async (): Promise<void> => {
    const found = await stat(path).catch(() => undefined);
    const now = found === undefined ? "" : stampOf(found);
    if (now === stamp) return;
    const isFirst = stamp === undefined;
    stamp = now;
    if (!isFirst && now !== "" && !isOver) changed();
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
    isOver = true;
    clearInterval(timer);
    watcher?.close();
  };
};
