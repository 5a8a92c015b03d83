import { damaged } from "./entry.ts";

/** What a delta makes of the object on which it is built (gitformat-pack, "Deltified representation"). */
export const patched = (base: Buffer, delta: Buffer, most: number): Buffer => {
  let at = 0;
  const byte = (): number => {
    const value = delta[at];
    if (value === undefined) throw damaged("a delta ends too early");
    at += 1;
    return value;
  };
  const size = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const next = byte();
      value += (next & 127) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw damaged("a delta has no size that can be");
      if ((next & 128) === 0) return value;
    }
  };
  if (size() !== base.length) throw damaged("a delta is built on an object of another size");
  const length = size();
  if (length > most) throw damaged("a delta makes an object that is larger than allowed");
  const made = Buffer.allocUnsafe(length);
  let end = 0;
  const take = (from: Buffer, start: number, count: number): void => {
    if (start + count > from.length || end + count > length) throw damaged("a delta reaches beyond what is there");
    from.copy(made, end, start, start + count);
    end += count;
  };
  while (at < delta.length) {
    const code = byte();
    if (code === 0) throw damaged("a delta holds a step that does not exist");
    if (code < 128) {
      take(delta, at, code);
      at += code;
      continue;
    }
    let [start, count] = [0, 0];
    for (let n = 0; n < 4; n += 1) if (code & (1 << n)) start += byte() * 256 ** n;
    for (let n = 0; n < 3; n += 1) if (code & (16 << n)) count += byte() * 256 ** n;
    take(base, start, count === 0 ? 0x10000 : count);
  }
  if (end !== length) throw damaged("a delta makes less than it states");
  return made;
};
