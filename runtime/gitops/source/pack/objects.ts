import { createHash } from "node:crypto";
import { objectId, type GitObject, type ObjectStore } from "../../../../compiler/commit/object.ts";
import { sizeShown } from "../http/session.ts";
import { SourceError } from "../source.ts";
import { patched } from "./delta.ts";
import { damaged, entryAt, inflated } from "./entry.ts";

/** How much of a pack is read. */
export interface PackBounds {
  readonly objects: number;
  /** Of each object. */
  readonly objectBytes: number;
  /** Of all of them together, decompressed. */
  readonly bytes: number;
}

/** Objects on which others may be built are held up to here. */
const heldBytes = 32 * 2 ** 20;

/**
 * The objects of a whole pack in version 2. Each was hashed, so that it is what its id says. `breathe` is awaited between
 * objects: it lets others have their turn, and throws where time is up.
 */
export const packObjects = async (
  pack: Buffer,
  bounds: PackBounds,
  breathe: () => Promise<void>,
): Promise<ObjectStore & { readonly count: number }> => {
  if (pack.length < 32 || pack.toString("latin1", 0, 4) !== "PACK") throw damaged("it is no pack");
  if (![2, 3].includes(pack.readUInt32BE(4))) throw damaged("it is of no known version");
  const count = pack.readUInt32BE(8);
  if (count > bounds.objects)
    throw new SourceError("invalid", `the commit consists of ${count} objects; ${bounds.objects} are read at most`);

  // Behind it stands its checksum.
  const content = pack.subarray(0, pack.length - 20);
  const held = heldObjects();
  const offsets = new Map<string, number>();
  const bounded = (size: number): void => {
    if (size > bounds.objectBytes)
      throw new SourceError(
        "invalid",
        `the commit holds a file of ${Math.ceil(size / 2 ** 20)} MiB; ${sizeShown(bounds.objectBytes)} are read at most`,
      );
  };

  const read = (offset: number) => {
    const entry = entryAt(content, offset);
    bounded(entry.size);
    return { entry, ...inflated(content, entry) };
  };

  /** Undefined where it is built on an object whose place is not known. `first` is what was read there already. */
  const resolved = async (offset: number, first?: ReturnType<typeof read>): Promise<GitObject | undefined> => {
    const deltas: { readonly offset: number; readonly bytes: Buffer }[] = [];
    let waitingBytes = 0;
    let at = offset;
    let made = held.at(at);
    while (made === undefined) {
      await breathe();
      const { entry, bytes } = first !== undefined && at === offset ? first : read(at);
      if (entry.type !== "delta") made = { type: entry.type, bytes };
      else {
        deltas.push({ offset: at, bytes });
        waitingBytes += bytes.length;
        const base = typeof entry.base === "string" ? offsets.get(entry.base) : entry.base;
        if (base === undefined) return undefined;
        if (deltas.length > longestChain || waitingBytes > 4 * bounds.objectBytes)
          throw damaged("its deltas are built on each other without end");
        at = base;
        made = held.at(at);
      }
    }
    held.hold(at, made);
    for (const delta of deltas.reverse()) {
      await breathe();
      made = { type: made.type, bytes: patched(made.bytes, delta.bytes, bounds.objectBytes) };
      held.hold(delta.offset, made);
    }
    return made;
  };

  let left = bounds.bytes;
  const indexed = async (offset: number, first?: ReturnType<typeof read>): Promise<boolean> => {
    const found = await resolved(offset, first);
    if (found === undefined) return false;
    left -= found.bytes.length;
    if (left < 0)
      throw new SourceError("invalid", `the commit's files are larger than ${sizeShown(bounds.bytes)} together`);
    offsets.set(objectId(found.type, found.bytes), offset);
    return true;
  };

  let waiting: number[] = [];
  let at = 12;
  for (let nth = 0; nth < count; nth += 1) {
    const first = read(at);
    if (!(await indexed(at, first))) waiting.push(at);
    at = first.end;
  }
  if (at !== content.length) throw damaged("something follows its last object");
  const sum = createHash("sha1").update(content).digest();
  if (!sum.equals(pack.subarray(content.length))) throw damaged("its checksum is another");
  while (waiting.length > 0) {
    const still: number[] = [];
    for (const offset of waiting) if (!(await indexed(offset))) still.push(offset);
    if (still.length === waiting.length) throw damaged("an object is built on one that is not there");
    waiting = still;
  }
  return {
    count,
    partial: false,
    object: async (id) => {
      const offset = offsets.get(id);
      return offset === undefined ? undefined : resolved(offset);
    },
  };
};

/** Git itself makes chains of 50, and refuses to make any of more than 4095. */
const longestChain = 4095;

/** The objects used last, by their places in the pack. */
const heldObjects = () => {
  const objects = new Map<number, GitObject>();
  let bytes = 0;
  return {
    at: (offset: number): GitObject | undefined => {
      const found = objects.get(offset);
      if (found !== undefined) {
        objects.delete(offset);
        objects.set(offset, found);
      }
      return found;
    },
    hold: (offset: number, object: GitObject): void => {
      if (objects.has(offset) || object.bytes.length > heldBytes / 4) return;
      objects.set(offset, object);
      bytes += object.bytes.length;
      for (const [oldest, { bytes: old }] of objects) {
        if (bytes <= heldBytes) break;
        objects.delete(oldest);
        bytes -= old.length;
      }
    },
  };
};
