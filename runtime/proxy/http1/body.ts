import type { BodyReader } from "./body-reader.ts";
import { chunkedReader } from "./chunked.ts";
import type { Framing } from "./head.ts";
import type { TrailerLimits } from "./limits.ts";

/** Undefined where there is no body: the message is complete with its head. */
export const bodyReader = (framing: Framing, limits: TrailerLimits): BodyReader | undefined => {
  switch (framing.kind) {
    case "none":
      return undefined;
    case "length":
      return framing.bytes === 0 ? undefined : lengthReader(framing.bytes);
    case "chunked":
      return chunkedReader(limits);
    case "close":
      return untilClosed;
  }
};

const lengthReader = (bytes: number): BodyReader => {
  let left = bytes;
  return {
    take(chunk, offset) {
      const taken = Math.min(left, chunk.length - offset);
      left -= taken;
      return { end: offset + taken, complete: left === 0 };
    },
  };
};

const untilClosed: BodyReader = { take: (chunk) => ({ end: chunk.length, complete: false }) };
