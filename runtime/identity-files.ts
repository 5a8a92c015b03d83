import { lstat, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";

/** An identity as it lies in the folder that `mesh-control join` keeps: PEM, and the workload that it was joined for. */
export interface IdentityFiles {
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly roots: string;
  readonly workload: string | undefined;
}

/**
 * What is made of the files of one moment, even while they are replaced. Rejects where there is no identity, or nothing can
 * be made of it.
 */
export const identityFiles = async <T>(folder: string, made: (files: IdentityFiles) => T): Promise<T> => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const snapshot = await realpath(join(folder, "..data"));
      const [certificateChain = "", privateKey = "", roots = ""] = await Promise.all(
        ["identity.crt", "identity.key", "roots.crt"].map((name) => readFile(join(snapshot, name), "utf8")),
      );
      const workload = await readFile(join(snapshot, "workload"), "utf8").catch(
        async (error: NodeJS.ErrnoException) => {
          if (error.code !== "ENOENT") throw error;
          // Where it is the snapshot as a whole that is gone, this throws, and all is read again. Not asked by access(2), which
          // leaves out what the process may by its capabilities.
          await lstat(snapshot);
          return undefined;
        },
      );
      return made({ certificateChain, privateKey, roots, workload: workload?.trim() });
    } catch (error) {
      if (attempt < 3) continue;
      const reason = (error as Error).message;
      throw new Error(`${folder} holds no identity: join first (${reason})`, { cause: error });
    }
  }
};
