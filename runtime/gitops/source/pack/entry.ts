import { constants, inflateSync } from "node:zlib";
import type { ObjectType } from "../../../../compiler/commit/object.ts";
import { SourceError } from "../source.ts";

/** An object as a pack holds it (gitformat-pack): whole, or as what differs from another one. */
export interface Entry {
  readonly type: ObjectType | "delta";
  /** Of what is compressed there. */
  readonly size: number;
  /** Where that begins. */
  readonly at: number;
  /** Of a delta: where the other one begins in the pack, or its id. */
  readonly base: number | string | undefined;
}

const types: readonly (ObjectType | undefined)[] = [undefined, "commit", "tree", "blob", "tag"];

export const damaged = (why: string): SourceError =>
  new SourceError("invalid", `the pack that came is damaged: ${why}`);

export const entryAt = (pack: Buffer, offset: number): Entry => {
  let at = offset;
  const byte = (): number => {
    const value = pack[at];
    if (value === undefined) throw damaged("it ends within an object");
    at += 1;
    return value;
  };
  let last = byte();
  const kind = (last >> 4) & 7;
  let size = last & 15;
  for (let factor = 16; last & 128; factor *= 128) {
    last = byte();
    size += (last & 127) * factor;
    if (size > Number.MAX_SAFE_INTEGER) throw damaged("an object has no size that can be");
  }
  const type = types[kind];
  if (type !== undefined) return { type, size, at, base: undefined };
  if (kind === 7) {
    if (at + 20 > pack.length) throw damaged("it ends within an object");
    return { type: "delta", size, at: at + 20, base: pack.toString("hex", at, at + 20) };
  }
  if (kind !== 6) throw damaged("it holds an object of no known type");
  last = byte();
  let back = last & 127;
  while (last & 128) {
    last = byte();
    back = (back + 1) * 128 + (last & 127);
    if (back > offset) break;
  }
  if (back === 0 || back > offset) throw damaged("an object is built on one before the first");
  return { type: "delta", size, at, base: offset - back };
};

/** What is compressed there, and where it ends. Never more than the size that the entry states. */
export const inflated = (pack: Buffer, { at, size }: Entry): { readonly bytes: Buffer; readonly end: number } => {
  try {
    // One byte more than is needed, or zlib would ask for another turn.
    const options = {
      info: true,
      maxOutputLength: Math.max(1, size),
      chunkSize: Math.max(constants.Z_MIN_CHUNK, size + 1),
    };
    const { buffer, engine } = inflateSync(pack.subarray(at), options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    if (buffer.length !== size) throw new Error("another size");
    return { bytes: buffer, end: at + engine.bytesWritten };
  } catch {
    throw damaged("an object cannot be decompressed to the size that it states");
  }
};
