import { watch, type FSWatcher } from "node:fs";
import { realpath } from "node:fs/promises";
import { sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { compile, placementOf, spansOf } from "../../../compiler/pipeline.ts";
import type { Diagnostic } from "../../../lib/diagnostics/diagnostic.ts";
import { kept, type Source, type SourceListener } from "./source.ts";

export interface FolderOptions {
  readonly environment?: string;
  /** False where somebody else has checked types already, as CI does before it merges. */
  readonly types: boolean;
}

/** Editors and checkouts write files one after the other: a moment without a change is taken for the end of one. */
const quietMs = 15;
/** How often it is looked whether the folder itself was exchanged, as checkouts by symbolic link do it. */
const exchangedMs = 2000;

/** What is written into a mesh folder and is no input of it. */
const isInput = (name: string): boolean => {
  const [top = ""] = name.split(sep);
  return !top.startsWith(".") && top !== "out" && top !== "node_modules";
};

/** A mesh folder that is compiled anew whenever something in it changes. */
export const folderSource = (folder: string, { environment, types }: FolderOptions): Source => {
  const options = { types, ...(environment !== undefined && { environment }) };
  const spans: Source["spansOf"] = (origins) => spansOf(folder, options, origins);

  const taken = async (listener: SourceListener): Promise<void> => {
    const broken = async (diagnostics: readonly Diagnostic[]): Promise<void> =>
      listener.broken(await kept(diagnostics, spans));
    const { value, diagnostics } = await compile(folder, options);
    if (value === undefined) return broken(diagnostics);
    const placement = await placementOf(folder, value);
    if (placement.value === undefined) return broken(placement.diagnostics);
    listener.taken({ mesh: value.mesh, placement: placement.value }, await kept(diagnostics, spans));
  };

  return {
    spansOf: spans,
    followed: async (listener) => {
      let [changes, stopped] = [0, false];
      let wake: () => void = () => undefined;
      const changed = (): void => {
        changes += 1;
        wake();
      };
      let watcher: FSWatcher | undefined;
      const watched = (): void => {
        watcher?.close();
        watcher = watch(folder, { recursive: true }, (_, name) => {
          if (name === null || isInput(name)) changed();
        });
        // A folder that is gone is noticed when it is looked at.
        watcher.on("error", () => undefined);
      };
      let real = await realpath(folder);
      watched();
      const exchange = setInterval(() => {
        realpath(folder).then(
          (now) => {
            if (now === real) return;
            real = now;
            watched();
            changed();
          },
          () => undefined,
        );
      }, exchangedMs);
      exchange.unref();

      const loop = (async (): Promise<void> => {
        for (;;) {
          let seen = changes;
          await taken(listener);
          while (!stopped && changes === seen) await new Promise<void>((resolve) => (wake = resolve));
          if (stopped) return;
          do {
            seen = changes;
            await sleep(quietMs);
          } while (changes !== seen);
        }
      })();
      return {
        stop: async () => {
          stopped = true;
          clearInterval(exchange);
          watcher?.close();
          wake();
          await loop;
        },
      };
    },
  };
};
