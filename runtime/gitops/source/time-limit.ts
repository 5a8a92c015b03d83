import { setImmediate } from "node:timers/promises";
import { SourceError } from "./source.ts";

interface Limit {
  readonly signal: AbortSignal;
  readonly milliseconds: number;
  /** The repository, as it is named when time is up. */
  readonly shown: string;
}

/** Milliseconds of work after which others have their turn. */
const turn = 10;

/**
 * Work that ends when the caller says so or time is up, whichever comes first, and then says which it was. `breathe` is for
 * work that waits for nothing: it gives others their turn now and then, and throws where the end has come.
 */
export const timeLimit = async <T>(
  { signal, milliseconds, shown }: Limit,
  work: (within: AbortSignal, breathe: () => Promise<void>) => Promise<T>,
): Promise<T> => {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const timer = setTimeout(end, milliseconds);
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  let since = performance.now();
  const breathe = async (): Promise<void> => {
    if (performance.now() - since > turn) {
      await setImmediate();
      since = performance.now();
    }
    ended.signal.throwIfAborted();
  };
  try {
    ended.signal.throwIfAborted();
    return await work(ended.signal, breathe);
  } catch (error) {
    if (signal.aborted) throw new SourceError("aborted", `the fetch of ${shown} was called off`);
    if (ended.signal.aborted)
      throw new SourceError("timeout", `the fetch of ${shown} took longer than ${milliseconds / 1000} seconds`);
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
};
