import {
  compile,
  placementOf,
  readyToCompile,
  recompiled,
  spansOf,
  type CompileMemory,
} from "../../../compiler/pipeline.ts";
import type { Compiled } from "../../../compiler/resolved.ts";
import type { Diagnostic, Staged } from "../../../lib/diagnostics/diagnostic.ts";
import { xds } from "../../../targets/xds/index.ts";
import { folderChanges, type Changes } from "./folder-changes.ts";
import { releaseMemory } from "./release-memory.ts";
import { kept, type Source, type SourceListener } from "./source.ts";

export interface FolderOptions {
  readonly environment?: string;
  /** False where somebody else has checked types already, as CI does before it merges. */
  readonly types: boolean;
  /** That of the roots: a mesh of another would have identities that nobody can be given. Any when absent. */
  readonly trustDomain?: string;
}

/** A process gets ready for the next change once proxies have this one: its start takes a processor's whole attention. */
const readyAfterMs = 150;
/** The compilation of a whole mesh leaves several times more behind than it makes: given back once nobody waits. */
const restAfterMs = 2000;

/** A mesh folder that is compiled anew whenever something in it changes. */
export const folderSource = (folder: string, { environment, types, trustDomain }: FolderOptions): Source => {
  const options = { types, ...(environment !== undefined && { environment }) };
  const spans: Source["spansOf"] = (origins) => spansOf(folder, options, origins);
  let memory: CompileMemory | undefined;
  let leavesGarbage = false;
  const remember = (next: CompileMemory): void => void (memory = next);

  /** An edit of some policies alone is compiled alone, unless types are asked for: those take the whole. */
  const compiled = async (changes: Changes): Promise<Staged<Compiled>> => {
    const before = memory;
    memory = undefined;
    const quick =
      types || before === undefined || changes === "all"
        ? undefined
        : await recompiled(before, changes, { ...options, remember });
    if (quick !== undefined) return quick;
    leavesGarbage = true;
    return compile(folder, { ...options, remember });
  };

  const taken = async (listener: SourceListener, changes: Changes): Promise<void> => {
    const broken = async (diagnostics: readonly Diagnostic[]): Promise<void> =>
      listener.broken(await kept(diagnostics, spans));
    const { value, diagnostics } = await compiled(changes);
    if (value === undefined) return broken(diagnostics);
    const { trustDomain: now } = value.platform;
    if (trustDomain !== undefined && now !== trustDomain) {
      const message = `the trust domain changed from ${trustDomain} to ${now}: restart mesh-control`;
      return listener.broken([{ code: "restart", severity: "error", message, at: undefined }]);
    }
    const placement = await placementOf(folder, value);
    if (placement.value === undefined) return broken(placement.diagnostics);
    const wrong = xds.mismatches(value.platform);
    if (wrong.length > 0) return broken(wrong);
    const warnings = [...diagnostics, ...xds.omissions(value.mesh, placement.value)];
    listener.taken({ mesh: value.mesh, placement: placement.value }, await kept(warnings, spans));
  };

  const followed: Source["followed"] = async (listener) => {
    const folderIs = await folderChanges(folder);
    let later: readonly NodeJS.Timeout[] = [];
    const atRest = (): void => {
      if (leavesGarbage) releaseMemory();
      leavesGarbage = false;
    };
    const loop = (async (): Promise<void> => {
      for (let changes: Changes | undefined = "all"; changes !== undefined; changes = await folderIs.next()) {
        later.forEach(clearTimeout);
        try {
          await taken(listener, changes);
        } catch (error) {
          // A bug of ours must not end what is served.
          const message = `a bug of ours: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
          listener.broken([{ code: "internal", severity: "error", message, at: undefined }]);
        }
        later = [setTimeout(readyToCompile, readyAfterMs).unref(), setTimeout(atRest, restAfterMs).unref()];
      }
    })();
    return {
      stop: async () => {
        folderIs.close();
        await loop;
        later.forEach(clearTimeout);
      },
    };
  };
  return { spansOf: spans, followed };
};
