import { createHash } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessStatus } from "../process.ts";
import type { Taking } from "./control-status.ts";

/** All processes of a proxy, by what is asked of them here. */
interface Followers {
  /** How many there are, be they at work or on their way back. */
  readonly count: number;
  readonly status: () => Promise<readonly Pick<ProcessStatus, "configuration" | "refused">[]>;
}

/** A process that died is back sooner, and one that hangs must not be waited for. */
const mostMs = 10_000;
const askedAgainMs = 20;

/**
 * Puts what a proxy is told into the file that its processes follow. In force is what all of them took: where one refuses it,
 * the file is as it was before, and so is what is in force.
 */
export const toldFile = (path: string, followers: Followers, waitMs = mostMs): Taking => {
  /** Of what was taken last. */
  let last: string | undefined;

  const isInForce = async (digest: string): Promise<boolean> => {
    const all = await followers.status();
    for (const { refused } of all) if (refused?.configuration === digest) throw new Error(refused.reason);
    return all.length >= followers.count && all.every(({ configuration }) => configuration === digest);
  };
  const inForce = async (digest: string): Promise<void> => {
    for (const until = performance.now() + waitMs; !(await isInForce(digest)); await sleep(askedAgainMs))
      if (performance.now() > until) throw new Error(`not in force in all processes within ${waitMs / 1000} s`);
  };

  return {
    taken: async (text) => {
      const before = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw error;
      });
      const digest = digestOf(text);
      if (before !== text) await replaced(path, text);
      try {
        await inForce(digest);
      } catch (error) {
        if (before === undefined) await rm(path, { force: true });
        else if (before !== text) {
          await replaced(path, before);
          // Where it never was in force either, nobody waits for it to come back.
          await inForce(digestOf(before)).catch(() => undefined);
        }
        throw error;
      }
      last = digest;
    },
    stands: async () => last !== undefined && (await isInForce(last).catch(() => false)),
  };
};

/** Whoever reads meanwhile, or after the machine stopped, finds one or the other whole. */
const replaced = async (path: string, text: string): Promise<void> => {
  const staged = `${path}.${process.pid}.next`;
  try {
    const file = await open(staged, "w", 0o640);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(staged, path);
  } catch (error) {
    await rm(staged, { force: true });
    throw error;
  }
};

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
