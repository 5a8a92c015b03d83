import { createHash } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessStatus } from "../process.ts";
import type { Taking } from "./control-status.ts";
import { nothing, stampOf } from "./stamped-file.ts";

/** All processes of a proxy, by what is asked of them here. */
interface Followers {
  /** How many there are, be they at work or on their way back. */
  readonly count: number;
  readonly status: () => Promise<readonly Pick<ProcessStatus, "configuration" | "refused" | "read">[]>;
}

/** A process that died is back sooner, and one that hangs must not be waited for. */
const mostMs = 10_000;
const askedAgainMs = 20;

/**
 * Puts what a proxy is told into the file that its processes follow. In force is what all of them took: where one refuses it,
 * the file is as it was before, and so is what is in force, be it nothing.
 */
export const toldFile = (path: string, followers: Followers, waitMs = mostMs): Taking => {
  /** Of what was taken last. */
  let last: string | undefined;

  const isInForce = async (digest: string): Promise<boolean> => {
    const all = await followers.status();
    return all.length >= followers.count && all.every(({ configuration }) => configuration === digest);
  };
  /** Resolves when all are done with that file and have it in force; a digest of undefined is that of nothing. */
  const inForce = async ({ digest, stamp }: { readonly digest: string | undefined; readonly stamp: string }) => {
    const until = performance.now() + waitMs;
    for (;;) {
      const all = await followers.status();
      // What is told of another file, be it of the same text, was another attempt.
      const done = all.filter(({ read }) => read === stamp);
      for (const { refused } of done) if (refused !== undefined) throw new Error(refused.reason);
      if (done.length >= followers.count && done.every(({ configuration }) => configuration === digest)) return;
      if (performance.now() > until) throw new Error(`not in force in all processes within ${waitMs / 1000} s`);
      await sleep(askedAgainMs);
    }
  };
  /** A file that never was in force either may not come to be: nobody waits for that for long. */
  const wentBack = async (text: string | undefined): Promise<void> => {
    const stamp = await replaced(path, text ?? nothing);
    const isBack = await inForce({ digest: text === undefined ? undefined : digestOf(text), stamp }).then(
      () => true,
      () => false,
    );
    // Who is not done with it finds it there later.
    if (text === undefined && isBack) await rm(path, { force: true });
  };

  return {
    taken: async (text) => {
      const found = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return nothing;
        throw error;
      });
      const before = found === nothing ? undefined : found;
      const digest = digestOf(text);
      if (before !== text || !(await isInForce(digest))) {
        try {
          await inForce({ digest, stamp: await replaced(path, text) });
        } catch (error) {
          if (before !== text) await wentBack(before);
          throw error;
        }
      }
      last = digest;
    },
    stands: async () => last !== undefined && (await isInForce(last)),
  };
};

/** Whoever reads meanwhile, or after the machine stopped, finds one or the other whole; returns the stamp of the new one. */
const replaced = async (path: string, text: string): Promise<string> => {
  const staged = `${path}.${process.pid}.next`;
  try {
    const file = await open(staged, "w", 0o640);
    try {
      await file.writeFile(text);
      await file.sync();
      await rename(staged, path);
      return stampOf(await file.stat());
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
};

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
