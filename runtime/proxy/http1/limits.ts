/** What a head may take of a connection's memory before anything is known of its sender. */
export interface HeadLimits {
  /** Bytes of the start line, without its CRLF. */
  readonly startLine: number;
  /** Bytes of the whole head, with the empty line that ends it. */
  readonly head: number;
  readonly headerLines: number;
}

/** What may follow the last chunk of a body. */
export interface TrailerLimits {
  /** Bytes, with the empty line that ends them. */
  readonly trailers: number;
  readonly headerLines: number;
}

/** Envoy's: 60 KiB and 100 lines. The start line has what nginx gives it, so that no target fills the head alone. */
export const headLimits: HeadLimits = { startLine: 8 << 10, head: 60 << 10, headerLines: 100 };

/** Real trailers are a status and a checksum. */
export const trailerLimits: TrailerLimits = { trailers: 4 << 10, headerLines: 20 };
