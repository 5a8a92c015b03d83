import type { Malformed } from "./head.ts";

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
