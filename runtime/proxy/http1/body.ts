import { chunkedReader } from "./chunked.ts";
import type { Framing, Malformed } from "./head.ts";
import type { TrailerLimits } from "./limits.ts";

/** What of a chunk belongs to a body. */
export interface BodyPart {
  /** Where in the chunk the body's bytes end. */
  readonly end: number;
  /** Nothing more of it comes. */
  readonly complete: boolean;
}

/**
 * Follows one body, which is forwarded as it came. A malformed one is not forwarded any further, not even the rest of
 * that chunk, and its message must never come to an end for whoever has got a part of it: close the connection.
 */
export interface BodyReader {
  /** The bytes of the chunk from `offset` on; not called again once complete or malformed. */
  readonly take: (chunk: Buffer, offset: number) => BodyPart | Malformed;
}

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
