import type { Malformed } from "./head.ts";

/** What of a chunk belongs to a body. */
export interface BodyPart {
  /** Where in the chunk the body's bytes end. */
  readonly end: number;
  /** Nothing more of it comes. */
  readonly complete: boolean;
  /** Where in the chunk trailers begin, or go on. */
  readonly trailersAt?: number;
}

/** What of a part that begins at `at` is passed on: all but trailers, as Envoy has it unless it is told otherwise. */
export const passedBytes = (chunk: Buffer, at: number, { end, complete, trailersAt }: BodyPart): Buffer => {
  if (trailersAt === undefined) return at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end);
  const before = chunk.subarray(at, trailersAt);
  return complete ? Buffer.concat([before, emptyLine]) : before;
};

const emptyLine = Buffer.from("\r\n");

/**
 * Follows one body, which is forwarded as it came, without its trailers. A malformed one is not forwarded any further, not even the rest of
 * that chunk, and its message must never come to an end for whoever has got a part of it: close the connection.
 */
export interface BodyReader {
  /** The bytes of the chunk from `offset` on; not called again once complete or malformed. */
  readonly take: (chunk: Buffer, offset: number) => BodyPart | Malformed;
}
