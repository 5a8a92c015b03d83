import { compile, readyToCompile, recompiled, type CompileMemory } from "../../../compiler/pipeline.ts";
import type { Compiled } from "../../../compiler/resolved.ts";
import type { Diagnostic, Staged } from "../../../lib/diagnostics/diagnostic.ts";
import { folderChanges, type Changes } from "./folder-changes.ts";
import { releaseMemory } from "./release-memory.ts";

export interface FollowedFolderOptions {
  readonly environment?: string;
  /** False where somebody else has checked types already, as CI does before it merges. */
  readonly types: boolean;
}

/** Told of a folder one after the other: the next compilation waits until this one was dealt with. */
export interface FolderFollower {
  readonly compiled: (value: Compiled, diagnostics: readonly Diagnostic[]) => Promise<void>;
  readonly broken: (diagnostics: readonly Diagnostic[]) => Promise<void>;
  /** A bug of ours, which must not end what runs. */
  readonly failed: (error: unknown) => void;
}

/** A process gets ready for the next change once proxies have this one: its start takes a processor's whole attention. */
const readyAfterMs = 150;
/** The compilation of a whole mesh leaves several times more behind than it makes: given back once nobody waits. */
const restAfterMs = 2000;

/** Compiles a mesh folder now and whenever something in it changes, until it is stopped. */
export const followedFolder = async (
  folder: string,
  options: FollowedFolderOptions,
  follower: FolderFollower,
): Promise<{ readonly stop: () => Promise<void> }> => {
  let memory: CompileMemory | undefined;
  let leavesGarbage = false;
  const remember = (next: CompileMemory): void => void (memory = next);

  /**
   * An edit of some policies alone is compiled alone, unless types are asked for: those take the whole. So does what throws here,
   * be it of a process that died: the whole tells it if it is still so.
   */
  const compiledAlone = async (changes: Changes): Promise<Staged<Compiled> | undefined> => {
    if (options.types || memory === undefined || changes === "all") return undefined;
    return recompiled(memory, changes, { ...options, remember }).catch(() => undefined);
  };
  /** What was found of the first changes while it was not known yet whether others follow. */
  let ahead: { readonly changes: Changes; readonly staged: ReturnType<typeof compiledAlone> } | undefined;
  const compiled = async (changes: Changes): Promise<Staged<Compiled>> => {
    const early = ahead;
    ahead = undefined;
    const found = await early?.staged;
    const quick = early?.changes === changes ? found : await compiledAlone(changes);
    if (quick !== undefined) return quick;
    memory = undefined;
    leavesGarbage = true;
    return compile(folder, { ...options, remember });
  };

  const folderIs = await folderChanges(folder);
  let later: readonly NodeJS.Timeout[] = [];
  const atRest = (): void => {
    if (leavesGarbage) releaseMemory();
    leavesGarbage = false;
  };
  const loop = (async (): Promise<void> => {
    const early = (changes: Changes): void => {
      later.forEach(clearTimeout);
      ahead = { changes, staged: compiledAlone(changes) };
    };
    for (let changes: Changes | undefined = "all"; changes !== undefined; changes = await folderIs.next(early)) {
      later.forEach(clearTimeout);
      try {
        const { value, diagnostics } = await compiled(changes);
        await (value === undefined ? follower.broken(diagnostics) : follower.compiled(value, diagnostics));
      } catch (error) {
        follower.failed(error);
      }
      later = [
        setTimeout(() => readyToCompile(memory, options), readyAfterMs).unref(),
        setTimeout(atRest, restAfterMs).unref(),
      ];
    }
  })();
  return {
    stop: async () => {
      folderIs.close();
      await loop;
      await ahead?.staged;
      later.forEach(clearTimeout);
    },
  };
};
