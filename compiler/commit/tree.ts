import type { ObjectStore } from "./object.ts";
import { refusal } from "./refusal.ts";

/** What a tree names: a file (its executable bit does not matter here), a symbolic link, a folder, another repository. */
export type EntryKind = "file" | "link" | "tree" | "submodule";

export interface TreeEntry {
  readonly name: string;
  readonly kind: EntryKind;
  readonly id: string;
}

/** A hundred thousand files with long names in one folder. */
const largestTree = 8 * 2 ** 20;

/**
 * The entries of a tree in its order, and of more than `most` no more than one that is too many. Names are as the tree has
 * them, be they fit for a file system or not, but none comes twice. `path` is the folder's, empty or with a slash behind it.
 */
export const treeEntries = (
  id: string,
  bytes: Buffer,
  { path = "", most = Infinity }: { readonly path?: string; readonly most?: number } = {},
): readonly TreeEntry[] => {
  if (bytes.length > largestTree)
    throw refusal("MESH0208", { object: id, reason: `it is a tree of more than ${largestTree / 2 ** 20} MiB` });
  const found: TreeEntry[] = [];
  const names = new Set<string>();
  for (let at = 0; at < bytes.length && found.length <= most;) {
    const space = bytes.indexOf(0x20, at);
    const end = bytes.indexOf(0, at);
    const kind = space < 0 ? undefined : kinds.get(Number.parseInt(bytes.toString("latin1", at, space), 8) & 0o170000);
    if (kind === undefined || end < space || end + 21 > bytes.length)
      throw refusal("MESH0208", { object: id, reason: "it is no tree" });
    const name = nameOf(bytes.subarray(space + 1, end));
    // What is no UTF-8 can look like another.
    const bare = bytes.toString("latin1", space + 1, end);
    if (names.has(bare)) throw refusal("MESH0209", { path: path + name, why: "the tree has two entries of this name" });
    names.add(bare);
    found.push({ name, kind, id: bytes.toString("hex", end + 1, end + 21) });
    at = end + 21;
  }
  return found;
};

const kinds: ReadonlyMap<number, EntryKind> = new Map([
  [0o040000, "tree"],
  [0o100000, "file"],
  [0o120000, "link"],
  [0o160000, "submodule"],
]);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes that are no UTF-8 become characters that `unsafeName` refuses. */
const nameOf = (bytes: Uint8Array): string => {
  try {
    return utf8.decode(bytes);
  } catch {
    return `${Buffer.from(bytes).toString("utf8")}\ufffd`;
  }
};

/** Why a name of a tree must not become a file's: Git writes none of these, but an object can hold any bytes (CVE-2014-9390). */
export const unsafeName = (name: string): string | undefined => {
  if (name === "") return "the name is empty";
  if (name === "." || name === "..") return "it means a folder that is there already";
  if (/[/\\]/.test(name)) return "a name holds no slash";
  if (name.includes("\ufffd")) return "the name is not UTF-8";
  // Some file systems pass over these characters, what follows a colon, and dots and spaces at the end.
  const seen = name
    .replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, "")
    .split(":")[0]!
    .toLowerCase()
    .replace(/[. ]+$/, "");
  if (seen === ".git" || /^git~\d+$/.test(seen)) return "it means the repository's own folder on some file systems";
  if (process.platform === "win32" && /[<>:"|?*]|[. ]$/.test(name)) return "Windows has no such names";
  return undefined;
};

/** Of trees whose entries are kept, the bytes. */
const mostKept = 4 * 2 ** 20;

/** The entries of trees as `treeEntries` has them; of those read last they are kept. `missing` tells how to say that one is not there. */
export const treeReader = (
  objects: ObjectStore,
  missing: (id: string, path: string) => Error,
): ((id: string, path: string, most?: number) => Promise<readonly TreeEntry[]>) => {
  const kept = new Map<string, { readonly entries: readonly TreeEntry[]; readonly bytes: number }>();
  let left = mostKept;
  return async (id, path, most = Infinity) => {
    const known = kept.get(id);
    if (known !== undefined) return known.entries;
    const found = await objects.object(id);
    if (found === undefined) throw missing(id, path);
    if (found.type !== "tree") throw refusal("MESH0208", { object: id, reason: `it is a ${found.type}, not a tree` });
    const entries = treeEntries(id, found.bytes, { path, most });
    // Of what was not read to its end, the next may want more.
    if (entries.length > most) return entries;
    kept.set(id, { entries, bytes: found.bytes.length });
    left -= found.bytes.length;
    for (const [oldest, { bytes }] of kept) {
      if (left >= 0) break;
      kept.delete(oldest);
      left += bytes;
    }
    return entries;
  };
};
