import { readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { KeyMaterial } from "./own-identity.ts";

/** The identity in a folder as `mesh-control join` keeps it: all of it of one moment, even while it is replaced. */
export const keyMaterial = async (folder: string): Promise<KeyMaterial> => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const snapshot = await realpath(join(folder, "..data"));
      const [certificateChain = "", privateKey = "", roots = ""] = await Promise.all(
        ["identity.crt", "identity.key", "roots.crt"].map((name) => readFile(join(snapshot, name), "utf8")),
      );
      return { certificateChain, privateKey, roots };
    } catch (error) {
      if (attempt === 3) throw new Error(`${folder} holds no identity: join first`, { cause: error });
    }
  }
};
