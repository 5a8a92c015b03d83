import type { Served } from "../../view.ts";

const longestName = 512;
const deepest = 40;
const known = new WeakMap<Served, ReadonlySet<string>>();

/**
 * Every text inside of a resource, read from the wire format alone: which clusters a route names, and which routes a listener,
 * without knowing what either is. A text that is no name does no harm, as callers look up names that they have.
 */
export const mentions = (served: Served): ReadonlySet<string> => {
  let found = known.get(served);
  if (found === undefined) {
    const texts = new Set<string>();
    walked(Buffer.from(served.bytes.buffer, served.bytes.byteOffset, served.bytes.byteLength), texts, 0);
    known.set(served, (found = texts));
  }
  return found;
};

const walked = (bytes: Buffer, texts: Set<string>, depth: number): void => {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) return Number.NaN;
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (at < bytes.length) {
    const tag = varint();
    if (Number.isNaN(tag) || tag < 8) return;
    switch (tag % 8) {
      case 0:
        varint();
        break;
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint();
        // Also ends when the length is no number: this was no message.
        if (!(at + length <= bytes.length)) return;
        const inner = bytes.subarray(at, at + length);
        at += length;
        if (length > 0 && length <= longestName && inner.every((byte) => byte >= 0x20)) texts.add(inner.toString());
        if (length > 2 && depth < deepest) walked(inner, texts, depth + 1);
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return;
    }
  }
};
