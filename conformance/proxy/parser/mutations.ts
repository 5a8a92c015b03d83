import type { Random } from "../../../golden/random/random.ts";
import type { MutationSeeds } from "./mutation-seeds.ts";

/** What was ever read differently by somebody. */
const morsels = [
  ..."\r\n|\n|\r|\0| |\t|:|,|;|\x0b|\f|\x7f|\x85|\xa0|#|0|1|5|a|\r\n |\r\n\r\n|\n\n|0\r\n\r\n|5\r\nhello\r\n|;a=b|chunked|, chunked".split(
    "|",
  ),
  "Content-Length: 5\r\n",
  "Content-Length: 0\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding : chunked\r\n",
  "Connection: close\r\n",
  "Host: b\r\n",
  "Expect: 100-continue\r\n",
  "X: y\r\n",
  "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
  " HTTP/1.0",
].map((text) => Buffer.from(text, "latin1"));

/** One to three changes; half of them strike where lines begin and end. */
export const mutated = ({ forwarded, all }: MutationSeeds, random: Random): Buffer => {
  // What is refused already mostly stays so.
  let bytes = random.one(random.chance(80) ? forwarded : all);
  for (let left = 1 + random.below(3); left > 0; left -= 1) bytes = mutation(bytes, all, random);
  return bytes;
};

const mutation = (bytes: Buffer, seeds: readonly Buffer[], random: Random): Buffer => {
  const at = place(bytes, random);
  const spliced = (inserted: Buffer, removed: number): Buffer =>
    Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
  switch (random.below(6)) {
    case 0:
      return spliced(Buffer.from([random.below(256)]), 1);
    case 1:
      return spliced(Buffer.alloc(0), 1 + random.below(3));
    case 2:
      return spliced(random.one(morsels), random.below(3));
    case 3:
      return spliced(random.one(morsels), 0);
    case 4: {
      const from = place(bytes, random);
      return spliced(bytes.subarray(from, from + 1 + random.below(30)), 0);
    }
    default: {
      const other = random.one(seeds);
      return Buffer.concat([bytes.subarray(0, at), other.subarray(place(other, random))]);
    }
  }
};

const place = (bytes: Buffer, random: Random): number => {
  const any = random.below(bytes.length + 1);
  if (random.chance(50)) return any;
  const end = bytes.indexOf("\r\n", any);
  return end < 0 ? any : end + random.below(3);
};
